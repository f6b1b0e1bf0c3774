// Small things that open and close: the channel list on a phone, overflow menus, notices.
const menus = () => document.querySelectorAll("details[data-menu][open]");

function sidebar(open) {
  document.body.classList.toggle("sidebar-open", open);
  document.querySelector("[data-open-sidebar]").setAttribute("aria-expanded", String(open));
}

const sidebarOpen = () => document.body.classList.contains("sidebar-open");

export function startMenus() {
  document.addEventListener("click", ({ target }) => {
    for (const menu of menus()) {
      if (!menu.contains(target) || target.closest(".menu-choice")) menu.open = false;
    }
    if (target.closest("[data-open-sidebar]")) sidebar(!sidebarOpen());
    else if (sidebarOpen() && !target.closest(".sidebar")) sidebar(false);
    target.closest("[data-dismiss]")?.closest("[data-key]").remove();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    for (const menu of menus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
      event.preventDefault();
    }
    if (sidebarOpen()) sidebar(false);
  }, true);
}
