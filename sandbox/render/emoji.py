"""Emoji shortcodes: the common ones as characters, the others shown as they were written."""

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
"""

_WORDS = _NAMES.split()
CHARACTERS: dict[str, str] = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))


def emoji(name: str) -> Markup:
    """The character with its name for screen readers and on hover; `:name:` when it is not a known one."""
    base = name.split("::", 1)[0]  # a skin tone: :wave::skin-tone-2:
    character = CHARACTERS.get(base)
    if character is None:
        return escape(f":{name}:")
    return tag(
        "span", character, class_="emoji", role="img", aria_label=base.replace("_", " "), title=f":{name}:"
    )
