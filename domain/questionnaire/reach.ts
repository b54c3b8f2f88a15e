import { holds } from './enabled.ts';
import type { Answer, Condition, Item } from './format.ts';

/**
 * Items that no answers can enable, such as one that is asked when a pain from 0 to 10 is above 10. Each earlier item is looked
 * at by itself, so what two of them exclude together is not found.
 */
export function outOfReach(items: readonly Item[]): Set<string> {
  const unreachable = new Set<string>();
  for (const item of items) if (!isReachable(item, items, unreachable)) unreachable.add(item.id);
  return unreachable;
}

/** Whether some answer to this item, or none where it may be missing, makes all of these conditions hold. */
export function canHold(item: Item, conditions: readonly Condition[], isAsked: boolean): boolean {
  return possibleAnswers(item, conditions, isAsked).some((answer) => conditions.every((condition) => holds(condition, answer)));
}

function isReachable(item: Item, items: readonly Item[], unreachable: ReadonlySet<string>): boolean {
  if (item.enableWhen.length === 0) return true;
  const byItem = new Map<string, Condition[]>();
  for (const condition of item.enableWhen) byItem.set(condition.item, [...(byItem.get(condition.item) ?? []), condition]);
  const verdicts = [...byItem].flatMap(([id, conditions]) => {
    const source = items.find((candidate) => candidate.id === id);
    if (source === undefined) return [];
    const isAsked = !unreachable.has(id);
    return item.enableBehavior === 'any' ? conditions.map((condition) => canHold(source, [condition], isAsked)) : [canHold(source, conditions, isAsked)];
  });
  return item.enableBehavior === 'any' ? verdicts.some(Boolean) : verdicts.every(Boolean);
}

function possibleAnswers(item: Item, conditions: readonly Condition[], isAsked: boolean): (Answer | undefined)[] {
  if (!isAsked) return [undefined];
  const mayBeMissing = item.optional || item.enableWhen.length > 0 || item.respondents !== undefined;
  return [...(mayBeMissing ? [undefined] : []), ...given(item, conditions)];
}

/** For a number, each edge that a condition draws, with a step to both sides: between two edges nothing changes. */
function given(item: Item, conditions: readonly Condition[]): Answer[] {
  switch (item.kind) {
    case 'choice':
      return item.options.map((option) => option.code);
    case 'text':
      return ['words'];
    case 'number': {
      const step = 10 ** -item.decimals;
      const edges = conditions.flatMap(({ answer }) => (typeof answer === 'number' ? [answer - step, answer, answer + step] : []));
      return [item.min, item.max, ...edges.map((edge) => Number(edge.toFixed(item.decimals)))].filter((answer) => answer >= item.min && answer <= item.max);
    }
  }
}
