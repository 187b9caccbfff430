"use strict";
// Tables and tiles that are filled again every second. Only what differs is written, so that a selection stays.

const count = (number) => number.toLocaleString("en");

const span = (millis) => {
  if (millis < 1_000) return `${Math.round(millis)} ms`;
  if (millis < 120_000) return `${figure(millis / 1_000)} s`;
  return millis < 7_200_000 ? `${figure(millis / 60_000)} min` : `${figure(millis / 3_600_000)} h`;
};

const bytes = (number) => {
  const units = ["B", "KB", "MB", "GB"];
  const step = Math.min(Math.floor(Math.log10(Math.max(number, 1)) / 3), units.length - 1);
  return `${figure(number / 1000 ** step)} ${units[step]}`;
};

/** How long a call was held, on average; of those that were answered by the platform. */
const meanHeld = ({ offered, declined, hung_up: hungUp, held_micros: held }) => {
  const answered = offered - declined - hungUp;
  return answered > 0 ? span(held / 1000 / answered) : "–";
};

const write = (element, text, kind) => {
  if (element.textContent !== text) element.textContent = text;
  if (element.className !== kind) element.className = kind;
};

/** As many children as there are `wanted`, made with `make` where they are missing. */
const grow = (parent, wanted, make) => {
  while (parent.children.length > wanted) parent.lastChild.remove();
  while (parent.children.length < wanted) parent.append(make(parent.children.length));
};

/** Fills a table's body: each row a list of texts, or of text and class. The first cell heads its row. */
function fill(table, rows, none) {
  const body = table.tBodies[0];
  const columns = table.tHead.rows[0].cells.length;
  if (rows.length === 0) {
    const cell = Object.assign(document.createElement("td"), { colSpan: columns, textContent: none, className: "none" });
    if (body.textContent !== none) {
      body.replaceChildren(document.createElement("tr"));
      body.rows[0].append(cell);
    }
    return;
  }
  if (body.querySelector(".none")) body.replaceChildren();
  grow(body, rows.length, () => document.createElement("tr"));
  rows.forEach((cells, at) => {
    const row = body.rows[at];
    grow(row, columns, (column) => {
      const cell = document.createElement(column === 0 ? "th" : "td");
      cell.dir = "auto";
      return cell;
    });
    cells.forEach((told, column) => {
      const [text, kind] = Array.isArray(told) ? told : [told, ""];
      write(row.cells[column], text, kind);
    });
  });
}

/** Fills the tiles: each a number and what it is. */
function tile(list, told) {
  grow(list, told.length, () => {
    const made = document.createElement("li");
    made.append(document.createElement("b"), document.createElement("span"));
    return made;
  });
  told.forEach(([number, what], at) => {
    const [shown, name] = list.children[at].children;
    write(shown, number, "");
    write(name, what, "");
  });
}
