"use strict";
// Buttons that copy a text; where the browser does not let them, they select it.

for (const button of document.querySelectorAll("[data-copies]")) {
  const source = document.getElementById(button.dataset.copies);
  const tell = (told) => {
    button.textContent = told;
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };
  button.addEventListener("click", () => {
    navigator.clipboard.writeText(source.textContent).then(() => tell("Copied"), () => {
      getSelection().selectAllChildren(source);
      tell("Selected");
    });
  });
}
