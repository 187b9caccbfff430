"use strict";
// The contents: a link to each section that there is.

document.getElementById("contents").append(...[...document.querySelectorAll("section")].map((section) => {
  const link = document.createElement("a");
  link.href = `#${section.id}`;
  link.textContent = section.querySelector("h2").textContent;
  return link;
}));
