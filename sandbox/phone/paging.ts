import type { ApiRequest } from './http.ts';
import { ProviderError } from './provider-error.ts';

/** Keeps records by the provider's date filters: `Name`, `Name>` (at or after) and `Name<` (at or before), a day or an instant. */
export function dateFilter(query: URLSearchParams, name: string): (instant: number | null) => boolean {
  const on = query.get(name);
  const after = query.get(`${name}>`);
  const before = query.get(`${name}<`);
  if (on === null && after === null && before === null) return () => true;
  const day = on === null ? null : toRange(on).start;
  const dayEnd = day === null ? null : Math.floor(day / dayMs) * dayMs + dayMs;
  const first = after === null ? -Infinity : toRange(after).start;
  const last = before === null ? Infinity : toRange(before).end;
  return (instant) => {
    // The provider's dates are whole seconds; what has no date yet matches no date.
    if (instant === null) return false;
    const second = Math.floor(instant / 1000) * 1000;
    const isOnDay = day === null || dayEnd === null || (second >= Math.floor(day / dayMs) * dayMs && second < dayEnd);
    return isOnDay && second >= first && second <= last;
  };
}

const dayMs = 86_400_000;

function toRange(text: string): { start: number; end: number } {
  const start = Date.parse(text);
  if (Number.isNaN(start)) throw new ProviderError(20001, `"${text}" is not a date.`);
  return { start, end: /^\d{4}-\d{2}-\d{2}$/.test(text) ? start + dayMs - 1000 : start };
}

/** One page of a list, newest first, with the provider's paging fields. A page token is the last sid seen, so new records shift nothing. */
export function page<T extends { sid: string }>(request: ApiRequest, name: string, newestFirst: readonly T[], toJson: (record: T) => unknown): Record<string, unknown> {
  const pageSize = Math.min(1000, Math.max(1, Number(request.query.get('PageSize') ?? 50) || 50));
  const number = Math.max(0, Number(request.query.get('Page') ?? 0) || 0);
  const token = request.query.get('PageToken');
  const afterToken = token === null ? -1 : newestFirst.findIndex((record) => record.sid === token.slice(2));
  const start = token !== null && afterToken >= 0 ? afterToken + 1 : number * pageSize;
  const shown = newestFirst.slice(start, start + pageSize);
  const last = shown.at(-1);
  const hasMore = start + pageSize < newestFirst.length;
  const link = (pageNumber: number, pageToken?: string): string => {
    const query = new URLSearchParams([...request.query].filter(([key]) => key !== 'Page' && key !== 'PageToken' && key !== 'PageSize'));
    query.set('PageSize', String(pageSize));
    query.set('Page', String(pageNumber));
    if (pageToken !== undefined) query.set('PageToken', pageToken);
    return `${request.path}?${query.toString()}`;
  };
  return {
    first_page_uri: link(0),
    end: start + Math.max(0, shown.length - 1),
    previous_page_uri: number === 0 ? null : link(number - 1),
    [name]: shown.map(toJson),
    uri: request.path + (request.query.size === 0 ? '' : `?${request.query.toString()}`),
    page_size: pageSize,
    start,
    next_page_uri: hasMore && last !== undefined ? link(number + 1, `PA${last.sid}`) : null,
    page: number,
  };
}

/** Records in the order of their making, newest first; within one millisecond the later one first. */
export const newestFirst = <T extends { createdAt: number }>(records: Iterable<T>): T[] => [...records].reverse().sort((a, b) => b.createdAt - a.createdAt);
