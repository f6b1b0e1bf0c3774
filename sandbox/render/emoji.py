"""Emoji shortcodes: the known ones as characters, the others shown as they were written."""

import re
import unicodedata
from functools import lru_cache

from markupsafe import Markup, escape

from sandbox.render.html import tag

_NAMES = """
white_check_mark ✅ heavy_check_mark ✔️ ballot_box_with_check ☑️ x ❌ negative_squared_cross_mark ❎
warning ⚠️ no_entry ⛔ no_entry_sign 🚫 octagonal_sign 🛑 rotating_light 🚨 bell 🔔 no_bell 🔕
hourglass ⌛ hourglass_flowing_sand ⏳ stopwatch ⏱️ timer_clock ⏲️ alarm_clock ⏰ clock1 🕐
clock3 🕒 watch ⌚ calendar 📆 date 📅 spiral_calendar_pad 🗓️ rocket 🚀 fire 🔥 sparkles ✨ star ⭐
star2 🌟 zap ⚡ boom 💥 tada 🎉 confetti_ball 🎊 gift 🎁 trophy 🏆 medal 🏅 balloon 🎈 thumbsup 👍
+1 👍 thumbsdown 👎 -1 👎 ok_hand 👌 wave 👋 clap 👏 raised_hands 🙌 pray 🙏 muscle 💪
point_right 👉 point_left 👈 point_up ☝️ point_down 👇 raised_hand ✋ hand ✋ v ✌️ fist ✊
handshake 🤝 writing_hand ✍️ eyes 👀 eye 👁️ brain 🧠 speech_balloon 💬 thought_balloon 💭
left_speech_bubble 🗨️ zzz 💤 smile 😄 smiley 😃 grinning 😀 grin 😁 joy 😂 rofl 🤣 wink 😉 blush 😊
slightly_smiling_face 🙂 upside_down_face 🙃 heart_eyes 😍 sunglasses 😎 thinking_face 🤔
face_with_monocle 🧐 neutral_face 😐 unamused 😒 sweat 😓 sweat_smile 😅 pensive 😔 confused 😕
worried 😟 cry 😢 sob 😭 scream 😱 angry 😠 rage 😡 sleeping 😴 partying_face 🥳 shrug 🤷
facepalm 🤦 robot_face 🤖 ghost 👻 skull 💀 alien 👽 heart ❤️ yellow_heart 💛 green_heart 💚
blue_heart 💙 purple_heart 💜 broken_heart 💔 100 💯 question ❓ grey_question ❔ exclamation ❗
heavy_exclamation_mark ❗ bangbang ‼️ interrobang ⁉️ information_source ℹ️ bulb 💡 mag 🔍
mag_right 🔎 link 🔗 paperclip 📎 pushpin 📌 round_pushpin 📍 memo 📝 pencil 📝 pencil2 ✏️
page_facing_up 📄 page_with_curl 📃 scroll 📜 clipboard 📋 bookmark 🔖 label 🏷️ bookmark_tabs 📑
books 📚 book 📖 notebook 📓 newspaper 📰 file_folder 📁 open_file_folder 📂 card_index_dividers 🗂️
file_cabinet 🗄️ wastebasket 🗑️ inbox_tray 📥 outbox_tray 📤 package 📦 email ✉️ envelope ✉️
e-mail 📧 telephone ☎️ phone ☎️ iphone 📱 computer 💻 desktop_computer 🖥️ keyboard ⌨️ floppy_disk 💾
cd 💿 satellite 🛰️ satellite_antenna 📡 battery 🔋 electric_plug 🔌 gear ⚙️ wrench 🔧 hammer 🔨
hammer_and_wrench 🛠️ nut_and_bolt 🔩 toolbox 🧰 magnet 🧲 test_tube 🧪 microscope 🔬 telescope 🔭
bug 🐛 ant 🐜 beetle 🐞 spider_web 🕸️ lock 🔒 unlock 🔓 key 🔑 old_key 🗝️ closed_lock_with_key 🔐
shield 🛡️ chart_with_upwards_trend 📈 chart_with_downwards_trend 📉 bar_chart 📊 moneybag 💰
credit_card 💳 construction 🚧 vertical_traffic_light 🚦 traffic_light 🚥 checkered_flag 🏁
triangular_flag_on_post 🚩 white_flag 🏳️ ship 🚢 anchor ⚓ airplane ✈️ helicopter 🚁 car 🚗 truck 🚚
bike 🚲 house 🏠 office 🏢 factory 🏭 hospital 🏥 bank 🏦 globe_with_meridians 🌐 earth_africa 🌍
earth_americas 🌎 earth_asia 🌏 world_map 🗺️ compass 🧭 sunny ☀️ cloud ☁️ rain_cloud 🌧️ snowflake ❄️
rainbow 🌈 umbrella ☔ droplet 💧 ocean 🌊 crescent_moon 🌙 seedling 🌱 evergreen_tree 🌲 herb 🌿
four_leaf_clover 🍀 cactus 🌵 sunflower 🌻 coffee ☕ tea 🍵 pizza 🍕 beer 🍺 cake 🍰 apple 🍎
cookie 🍪 popcorn 🍿 dog 🐶 cat 🐱 unicorn_face 🦄 octopus 🐙 turtle 🐢 snail 🐌 whale 🐳 penguin 🐧
parrot 🦜 owl 🦉 red_circle 🔴 large_orange_circle 🟠 large_yellow_circle 🟡 large_green_circle 🟢
large_blue_circle 🔵 large_purple_circle 🟣 white_circle ⚪ black_circle ⚫ large_red_square 🟥
large_yellow_square 🟨 large_green_square 🟩 large_blue_square 🟦 white_large_square ⬜
black_large_square ⬛ small_red_triangle 🔺 small_blue_diamond 🔹 small_orange_diamond 🔸
radio_button 🔘 arrow_right ➡️ arrow_left ⬅️ arrow_up ⬆️ arrow_down ⬇️ arrow_forward ▶️
arrow_backward ◀️ arrow_upper_right ↗️ arrow_right_hook ↪️ leftwards_arrow_with_hook ↩️
arrows_counterclockwise 🔄 arrows_clockwise 🔃 repeat 🔁 twisted_rightwards_arrows 🔀 rewind ⏪
fast_forward ⏩ double_vertical_bar ⏸️ black_square_for_stop ⏹️ black_circle_for_record ⏺️
heavy_plus_sign ➕ heavy_minus_sign ➖ recycle ♻️ infinity ♾️ new 🆕 ok 🆗 up 🆙 sos 🆘 free 🆓
one 1️⃣ two 2️⃣ three 3️⃣ four 4️⃣ five 5️⃣ six 6️⃣ seven 7️⃣ eight 8️⃣ nine 9️⃣ zero 0️⃣ hash #️⃣
ballot_box_with_ballot 🗳️ scales ⚖️ crossed_fingers 🤞 crossed_swords ⚔️ dart 🎯 game_die 🎲
jigsaw 🧩 art 🎨 musical_note 🎵 microphone 🎤 headphones 🎧 camera 📷 movie_camera 🎥 tv 📺
busts_in_silhouette 👥 bust_in_silhouette 👤 cop 👮 construction_worker 👷 detective 🕵️
technologist 🧑‍💻
coffee ☕ tea 🍵 beer 🍺 beers 🍻 wine_glass 🍷 champagne 🍾 cake 🍰 birthday 🎂 cookie 🍪 doughnut 🍩
pizza 🍕 hamburger 🍔 taco 🌮 sushi 🍣 apple 🍎 banana 🍌 lemon 🍋 cherries 🍒 watermelon 🍉 avocado 🥑
popcorn 🍿 hot_pepper 🌶️ cat 🐱 dog 🐶 mouse 🐭 rabbit 🐰 fox_face 🦊 bear 🐻 panda_face 🐼 koala 🐨
lion_face 🦁 tiger 🐯 cow 🐮 pig 🐷 frog 🐸 monkey_face 🐵 see_no_evil 🙈 hear_no_evil 🙉
speak_no_evil 🙊 chicken 🐔 penguin 🐧 bird 🐦 duck 🦆 eagle 🦅 owl 🦉 wolf 🐺 horse 🐴 unicorn_face 🦄
bee 🐝 butterfly 🦋 snail 🐌 turtle 🐢 snake 🐍 octopus 🐙 crab 🦀 shrimp 🦐 fish 🐟 whale 🐳 dolphin 🐬
shark 🦈 elephant 🐘 sloth 🦥 hedgehog 🦔 seedling 🌱 evergreen_tree 🌲 cactus 🌵 four_leaf_clover 🍀
maple_leaf 🍁 rose 🌹 sunflower 🌻 tulip 🌷 cherry_blossom 🌸 bouquet 💐 mushroom 🍄
sun_with_face 🌞 sunny ☀️ partly_sunny ⛅ cloud ☁️ rain_cloud 🌧️ snowflake ❄️ snowman ⛄ umbrella ☔
rainbow 🌈 ocean 🌊 droplet 💧 earth_africa 🌍 earth_americas 🌎 earth_asia 🌏 full_moon 🌕 crescent_moon 🌙
house 🏠 office 🏢 factory 🏭 hospital 🏥 bank 🏦 school 🏫 tent ⛺ mountain ⛰️ beach_with_umbrella 🏖️
car 🚗 taxi 🚕 bus 🚌 train 🚋 bullettrain_side 🚄 airplane ✈️ ship 🚢 boat ⛵ anchor ⚓ bike 🚲 tractor 🚜
ambulance 🚑 fire_engine 🚒 police_car 🚓 truck 🚚 helicopter 🚁 flying_saucer 🛸
soccer ⚽ basketball 🏀 football 🏈 tennis 🎾 8ball 🎱 first_place_medal 🥇 second_place_medal 🥈
third_place_medal 🥉 sports_medal 🏅 guitar 🎸 drum_with_drumsticks 🥁 trumpet 🎺 saxophone 🎷 violin 🎻
video_game 🎮 slot_machine 🎰 performing_arts 🎭 ticket 🎫 crown 👑 gem 💎 ring 💍 eyeglasses 👓
dark_sunglasses 🕶️ necktie 👔 shirt 👕 jeans 👖 dress 👗 mortar_board 🎓 tophat 🎩 rescue_worker_helmet ⛑️
moneybag 💰 dollar 💵 euro 💶 pound 💷 credit_card 💳 chart 💹 receipt 🧾 handbag 👜 briefcase 💼
shopping_trolley 🛒 door 🚪 bed 🛏️ bathtub 🛁 toilet 🚽 shower 🚿 broom 🧹 candle 🕯️ flashlight 🔦
pill 💊 syringe 💉 dna 🧬 stethoscope 🩺 thermometer 🌡️ mask 😷 face_with_thermometer 🤒 nauseated_face 🤢
exploding_head 🤯 zany_face 🤪 shushing_face 🤫 face_with_rolling_eyes 🙄 grimacing 😬 relieved 😌 relaxed ☺️
yum 😋 stuck_out_tongue 😛 stuck_out_tongue_winking_eye 😜 kissing_heart 😘 smirk 😏 laughing 😆
satisfied 😆 hugging_face 🤗 star-struck 🤩 nerd_face 🤓 smiling_imp 😈 imp 👿 clown_face 🤡 poop 💩
hankey 💩 space_invader 👾 jack_o_lantern 🎃 saluting_face 🫡 melting_face 🫠 face_holding_back_tears 🥹
smiling_face_with_3_hearts 🥰 pleading_face 🥺 astonished 😲 open_mouth 😮 flushed 😳 dizzy_face 😵
triumph 😤 disappointed 😞 weary 😩 tired_face 😫 hushed 😯 expressionless 😑 no_mouth 😶 lying_face 🤥
i_love_you_hand_sign 🤟 the_horns 🤘 metal 🤘 call_me_hand 🤙 crossed_fingers 🤞 pinching_hand 🤏
open_hands 👐 palms_up_together 🤲 left-facing_fist 🤛 right-facing_fist 🤜 facepunch 👊 punch 👊
middle_finger 🖕 nail_care 💅 ear 👂 nose 👃 lips 👄 tongue 👅 baby 👶 boy 👦 girl 👧 man 👨 woman 👩
older_man 👴 older_woman 👵 santa 🎅 ninja 🥷 mage 🧙 superhero 🦸 zombie 🧟 dancer 💃 man_dancing 🕺
runner 🏃 walking 🚶 man-shrugging 🤷‍♂️ woman-shrugging 🤷‍♀️ man-facepalming 🤦‍♂️ woman-facepalming 🤦‍♀️
raising_hand 🙋 no_good 🙅 ok_woman 🙆 bow 🙇 family 👪 couple 👫 footprints 👣 paw_prints 🐾
heart_eyes_cat 😻 joy_cat 😹 orange_heart 🧡 black_heart 🖤 white_heart 🤍 brown_heart 🤎 two_hearts 💕
sparkling_heart 💖 heartbeat 💓 cupid 💘 kiss 💋 anger 💢 dash 💨 sweat_drops 💦 hole 🕳️ bomb 💣
checkered_flag 🏁 triangular_flag_on_post 🚩 waving_white_flag 🏳️ rainbow-flag 🏳️‍🌈 pirate_flag 🏴‍☠️
white_circle ⚪ black_circle ⚫ large_orange_circle 🟠 large_purple_circle 🟣 large_brown_circle 🟤
large_green_square 🟩 large_red_square 🟥 large_yellow_square 🟨 large_blue_square 🟦 white_square_button 🔳
small_red_triangle 🔺 small_red_triangle_down 🔻 small_blue_diamond 🔹 large_blue_diamond 🔷
arrow_double_up ⏫ arrow_double_down ⏬ arrow_right_hook ↪️ leftwards_arrow_with_hook ↩️ back 🔙 end 🔚
on 🔛 soon 🔜 top 🔝 cool 🆒 vs 🆚 keycap_ten 🔟 1234 🔢 abc 🔤 wavy_dash 〰️ copyright ©️ registered ®️
tm ™️ peace_symbol ☮️ yin_yang ☯️ radioactive_sign ☢️ biohazard_sign ☣️ no_mobile_phones 📵 mute 🔇
loud_sound 🔊 sound 🔉 speaker 🔈 mega 📣 loudspeaker 📢 postal_horn 📯 studio_microphone 🎙️ radio 📻
mailbox 📫 mailbox_with_mail 📬 postbox 📮 incoming_envelope 📨 envelope_with_arrow 📩 printer 🖨️
computer_mouse 🖱️ minidisc 💽 dvd 📀 movie_camera 🎥 film_projector 📽️ clapper 🎬 video_camera 📹 vhs 📼
crystal_ball 🔮 nazar_amulet 🧿 kite 🪁 yo-yo 🪀 teddy_bear 🧸 frame_with_picture 🖼️ thread 🧵 yarn 🧶
ledger 📒 closed_book 📕 green_book 📗 blue_book 📘 orange_book 📙 triangular_ruler 📐 straight_ruler 📏
scissors ✂️ card_file_box 🗃️ lower_left_fountain_pen 🖋️ lower_left_ballpoint_pen 🖊️ crayon 🖍️ axe 🪓
pick ⛏️ dagger_knife 🗡️ shield 🛡️ clamp 🗜️ chains ⛓️ brick 🧱 ladder 🪜 bow_and_arrow 🏹 mousetrap 🪤
"""

_WORDS = _NAMES.split()
CHARACTERS: dict[str, str] = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))
_UNICODE_NAME = re.compile(r"[a-z0-9_-]{1,60}")
_COUNTRY = re.compile(r"flag-([a-z]{2})")
_EMOJI_BLOCKS = (range(0x2600, 0x27C0), range(0x1F300, 0x1FB00))
_SKIN_TONES = frozenset(f"skin-tone-{tone}" for tone in range(2, 7))


def is_known(name: str) -> bool:
    """Whether a name, with a skin tone or without, is an emoji's."""
    base, tone_mark, tone = name.partition("::")
    return character_of(base) is not None and (not tone_mark or tone in _SKIN_TONES)


@lru_cache(maxsize=4096)
def character_of(name: str) -> str | None:
    """The character: one of the table, a country's flag, or what Unicode itself calls by this name."""
    if name in CHARACTERS:
        return CHARACTERS[name]
    country = _COUNTRY.fullmatch(name)
    if country is not None:
        return "".join(chr(0x1F1E6 + ord(letter) - ord("a")) for letter in country[1])
    if not _UNICODE_NAME.fullmatch(name):
        return None
    try:
        character = unicodedata.lookup(name.replace("_", " "))
    except KeyError:
        return None
    return character if any(ord(character[0]) in block for block in _EMOJI_BLOCKS) else None


def emoji(name: str) -> Markup:
    """The character with its name for screen readers and on hover; `:name:` when it is not a known one."""
    base = name.split("::", 1)[0]  # a skin tone: :wave::skin-tone-2:
    character = character_of(base)
    if character is None:
        return escape(f":{name}:")
    return tag(
        "span", character, class_="emoji", role="img", aria_label=base.replace("_", " "), title=f":{name}:"
    )
