"use strict";
// The theme: the system's, light or dark. Charts ask `ink` for a colour whenever they draw.

document.documentElement.classList.add("scripted");

const THEMES = ["system", "light", "dark"];
const whenThemed = [];

/** What a colour of the style sheet is in the present theme. */
function ink(name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

const probe = document.body.appendChild(document.createElement("i"));
probe.hidden = true;

{
  const button = document.getElementById("theme");
  const wear = (theme) => {
    document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    for (const redraw of whenThemed) redraw();
  };
  const keep = (theme) => {
    try { localStorage.setItem("paceline-theme", theme); } catch { /* it is chosen anew next time */ }
  };
  const kept = () => {
    try { return localStorage.getItem("paceline-theme"); } catch { return null; }
  };
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
    wear(next);
    keep(next);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => wear(document.documentElement.dataset.theme));
  wear(THEMES.includes(kept()) ? kept() : "system");
}
