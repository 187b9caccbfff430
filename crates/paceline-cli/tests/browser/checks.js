"use strict";
// Looks at the page as a person would, uses it, and tells the frame around it what it saw.

const seen = {};

/** How many dots of a canvas are not empty. */
const inked = (canvas) => {
  const dots = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let count = 0;
  for (let at = 3; at < dots.length; at += 4) count += dots[at] > 0;
  return count;
};

const look = () => {
  seen.charts = [...document.querySelectorAll("canvas")].map((canvas) => ({
    place: canvas.closest("figure").getAttribute("aria-label"),
    inked: inked(canvas),
  }));
  const width = document.documentElement.clientWidth;
  seen.width = innerWidth;
  seen.scroll_width = Math.max(document.documentElement.scrollWidth, document.body.scrollWidth);
  const isInScroll = (element) => element.closest(".scroll, pre, .u-wrap");
  seen.too_wide = [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > width + 1 && !isInScroll(element))
    .map((element) => `${element.tagName}#${element.id}.${element.className}`).slice(0, 8).join(" ");
  seen.ground = getComputedStyle(document.body).backgroundColor;
  seen.axis_ink = ink("muted");
  seen.images = document.images.length;
};

const sortTable = () => {
  const table = document.querySelector("table.strategies");
  if (!table) return;
  seen.rows = table.tBodies[0].rows.length;
  const heads = [...table.tHead.rows[0].cells];
  const waste = heads.findIndex((head) => head.textContent.startsWith("Waste"));
  const column = (at) => [...table.tBodies[0].rows].map((row) => row.cells[at].dataset.value);
  const press = (at) => heads[at].querySelector("button").click();
  press(waste);
  seen.waste_ascending = column(waste).map(Number);
  press(waste);
  seen.waste_descending = column(waste).map(Number);
  seen.sorted_heads = heads.map((head) => head.getAttribute("aria-sort")).filter(Boolean).join(" ");
  press(0);
  seen.last_by_rank = column(0).at(-1);
};

const choose = async () => {
  const [chooser, other] = document.querySelectorAll(".chooser");
  if (!chooser) return;
  const drawn = () => document.querySelector("#rate-chosen canvas").toDataURL();
  seen.first_choice = drawn();
  chooser.selectedIndex = (chooser.selectedIndex + 1) % chooser.options.length;
  chooser.dispatchEvent(new Event("change"));
  await settled();
  seen.second_choice = drawn();
  const pressed = [...document.querySelectorAll(".multiple")].findIndex((card) => card.getAttribute("aria-pressed") === "true");
  seen.chosen_everywhere = other.selectedIndex === chooser.selectedIndex && pressed === chooser.selectedIndex;
};

const toggleTheme = () => {
  const button = document.getElementById("theme");
  while (document.documentElement.dataset.theme !== "dark") button.click();
  seen.toggled_to_dark = getComputedStyle(document.body).backgroundColor;
};

const settled = () => new Promise((resolve) => setTimeout(resolve, 200));

addEventListener("load", async () => {
  await settled();
  look();
  sortTable();
  await choose();
  toggleTheme();
  await settled();
  parent.postMessage(JSON.stringify(seen), "*");
});
