"use strict";
// Which strategy is looked at: every chooser and every small picture chooses for all charts.

/** The largest herd of those that have a rank and are not Paceline, or the next best thing to compare it with. */
const mostTelling = () => {
  const others = strategies.filter((strategy) => !strategy.ours);
  const ranked = others.filter((strategy) => strategy.rank !== null);
  const candidates = [ranked, others, strategies].find((list) => list.length > 0);
  return candidates.reduce((most, other) => ((other.peak ?? 0) > (most.peak ?? 0) ? other : most));
};

if (strategies.length > 0) {
  const choosers = document.querySelectorAll(".chooser");
  let cards = [];
  const choose = (strategy) => {
    showRate(strategy);
    showHerd(strategy);
    const index = strategies.indexOf(strategy);
    for (const chooser of choosers) chooser.selectedIndex = index;
    cards.forEach((card, at) => card.setAttribute("aria-pressed", String(at === index)));
  };
  for (const chooser of choosers) {
    chooser.append(...strategies.map((strategy) => named("option", strategy.name)));
    chooser.addEventListener("change", () => choose(strategies[chooser.selectedIndex]));
  }
  cards = showMultiples(choose);
  choose(mostTelling());
}
