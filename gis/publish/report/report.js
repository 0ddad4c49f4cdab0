"use strict";
// Both versions are in the page; this shows one of them, and #fa or #en in the address asks for it.
(() => {
  const versions = [...document.querySelectorAll("main")];
  const buttons = [...document.querySelectorAll("button[data-lang]")];
  const show = (lang) => {
    for (const version of versions) {
      version.hidden = version.lang !== lang;
      if (version.hidden) continue;
      document.documentElement.lang = lang;
      document.documentElement.dir = version.dir;
      document.title = version.dataset.title;
    }
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.lang === lang));
    }
  };
  const asked = () => location.hash.slice(1);
  for (const button of buttons) {
    button.addEventListener("click", () => {
      show(button.dataset.lang);
      history.replaceState(null, "", `#${button.dataset.lang}`);
    });
  }
  addEventListener("hashchange", () => versions.some((v) => v.lang === asked()) && show(asked()));
  if (versions.some((v) => v.lang === asked())) show(asked());
})();
