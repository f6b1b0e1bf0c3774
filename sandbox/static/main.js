// Starts the page: every module listens for its own events, so new fragments need no wiring.
import { startActions } from "./actions.js";
import { startComboboxes } from "./combobox.js";
import { startComposers } from "./composer.js";
import { startMenus } from "./menus.js";
import { arrangeModals, startModals } from "./modals.js";
import { startNavigation } from "./navigate.js";
import { startScrolling } from "./scroll.js";
import { connect } from "./stream.js";
import { startTimes } from "./times.js";

startActions();
startComboboxes();
startComposers();
startMenus();
startModals();
startNavigation();
startScrolling();
startTimes();
arrangeModals();
connect();
