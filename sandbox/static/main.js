// Starts the page: every module listens for its own events, so new fragments need no wiring.
import { startActions } from "./actions.js";
import { startAlerts } from "./alerts.js";
import { startComboboxes } from "./combobox.js";
import { startComposers } from "./composer.js";
import { startDialogs } from "./dialogs.js";
import { startDrafts } from "./drafts.js";
import { startFiles } from "./files.js";
import { startHome } from "./home.js";
import { startMenus } from "./menus.js";
import { startMessageMenu } from "./message-menu.js";
import { arrangeModals, startModals } from "./modals.js";
import { startNames } from "./names.js";
import { startNavigation } from "./navigate.js";
import { startPops } from "./pops.js";
import { startReactions } from "./reactions.js";
import { startScrolling } from "./scroll.js";
import { startSearch } from "./search.js";
import { startShortcuts } from "./shortcuts.js";
import { connect } from "./stream.js";
import { startTimes } from "./times.js";
import { startUploads } from "./uploads.js";

startUploads(); // before the actions, which read what was chosen
startActions();
startComboboxes();
startNames(); // before the composers: while names are offered, Enter takes one
startComposers();
startDialogs();
startDrafts();
startFiles();
startMenus();
startPops();
startMessageMenu();
startModals();
startNavigation();
startReactions();
startSearch();
startShortcuts();
startAlerts();
startScrolling();
startTimes();
arrangeModals();
startHome();
connect();
