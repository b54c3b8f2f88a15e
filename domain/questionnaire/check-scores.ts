import type { FaultPath } from '../plan/document.ts';
import type { Item, Score } from './format.ts';
import { listed, reportTwice } from './parts.ts';
import type { QuestionnaireParts, Report } from './parts.ts';
import { rangeOf } from './scores.ts';

/** The faults of scores: items that give no points, and bands that leave a value without a name or give it two. */
export function checkScores(parts: QuestionnaireParts, report: Report): void {
  reportTwice(parts.scores, 'scores', 'score', report);
  const items = parts.items.map(({ part }) => part);
  for (const { index, part } of parts.scores) {
    checkItems(part, ['scores', index], parts, items, report);
    checkBands(part, ['scores', index], items, report);
  }
}

function checkItems(score: Score, path: FaultPath, parts: QuestionnaireParts, items: readonly Item[], report: Report): void {
  score.items.forEach((id, index) => {
    const at = [...path, 'items', index];
    const item = items.find((candidate) => candidate.id === id);
    if (!parts.itemIds.includes(id)) report(at, `Use one of the items: ${listed(parts.itemIds)}.`);
    if (score.items.indexOf(id) !== index) report(at, `Remove the second "${id}": it would count twice.`);
    if (item?.kind === 'text') report(at, `Take "${id}" out: free words give no points.`);
    if (item?.kind === 'choice' && item.options.some((option) => option.score === undefined)) report(at, `Give every option of "${id}" a score, or take it out: an option without one is not 0.`);
  });
}

function checkBands(score: Score, path: FaultPath, items: readonly Item[], report: Report): void {
  const codes = new Set<string>();
  score.bands.forEach((band, index) => {
    if (codes.has(band.code)) report([...path, 'bands', index, 'code'], `Rename this band: another band is called "${band.code}" already.`);
    codes.add(band.code);
    if (band.from > band.to) report([...path, 'bands', index, 'to'], 'Make the band end where it begins, or above.');
  });
  const range = rangeOf(score, items);
  const [first] = score.bands;
  if (range === null || first === undefined) return;
  const decimals = Math.max(0, ...items.flatMap((item) => (score.items.includes(item.id) && item.kind === 'number' ? [item.decimals] : [])));
  const after = (value: number): number => Number((value + 10 ** -decimals).toFixed(decimals));
  if (first.from !== range.min) report([...path, 'bands', 0, 'from'], `Begin the first band at ${range.min}, the least that this score can be.`);
  score.bands.forEach((band, index) => {
    const next = score.bands[index + 1];
    const at = [...path, 'bands', index + 1, 'from'];
    if (next === undefined) {
      if (band.to !== range.max) report([...path, 'bands', index, 'to'], `End the last band at ${range.max}, the most that this score can be.`);
    } else if (next.from <= band.to) report(at, `Begin this band at ${after(band.to)}: ${next.from} is in the band "${band.code}" too.`);
    else if (next.from !== after(band.to)) report(at, `Begin this band at ${after(band.to)}: nothing is said of what lies between ${band.to} and ${next.from}.`);
  });
}
