import { randomUUID } from 'node:crypto';
import { languages } from '../domain/codes.ts';
import { Misunderstood, apiOf, pairsOf, readFlags, runCommand, stepMapOf, whereAndWho } from './ask-api.ts';
import { groupTable, lookAnswer, orderTable, ordersAnswer } from './group-table.ts';

/** Moves enrolments through the API, so that the right, the audit and the rules are the same as for anybody. */
const usage = `Shows what moving everybody to a later version of their plan would change, and orders it with --order.

  CARETHREAD_TOKEN=... npm run migrate:plan -- --plan ID --from N --to N [--choice keep|move|restart] [--group ID=keep|move|restart ...]
      [--map OLD=NEW ...] [--map OLD= ...] [--language en|zh] [--json] [--order --why CODE]
  CARETHREAD_TOKEN=... npm run migrate:plan -- --plan ID --orders [--json]

  --group   for one group of the list in place of --choice; without --choice all others stay
  --map     the step of the new version that goes on with an old one; nothing after "=" ends it
  --order   carries it out, for the reason --why; else nothing is changed
  --orders  lists what was ordered for this plan, the newest first, and how far each order has come

${whereAndWho}`;

process.exitCode = await runCommand(usage, async () => {
  const { planId, body, language, isJson, isOrder } = readArguments();
  const api = apiOf('migration tool');
  if (body === null) {
    const orders = { items: await api.list(`/v1/plans/${encodeURIComponent(planId)}/migrations`) };
    return isJson ? `${JSON.stringify(orders, null, 2)}\n` : orderTable(ordersAnswer.parse(orders));
  }
  const answer = await api.ask('POST', `/v1/plans/${encodeURIComponent(planId)}/migrations${isOrder ? '' : '/preview'}`, body, isOrder ? { 'idempotency-key': randomUUID() } : {});
  return isJson ? `${JSON.stringify(answer, null, 2)}\n` : groupTable(lookAnswer.parse(answer), language);
});

function readArguments() {
  const one = { type: 'string' } as const;
  const several = { type: 'string', multiple: true, default: [] } as { type: 'string'; multiple: true; default: string[] };
  const flag = { type: 'boolean', default: false } as const;
  const { values } = readFlags({ options: { plan: one, from: one, to: one, choice: one, group: several, map: several, language: { type: 'string', default: 'en' }, json: flag, order: flag, orders: flag, why: one } });
  const language = languages.find((candidate) => candidate === values.language);
  if (values.plan !== undefined && values.orders && language !== undefined) return { planId: values.plan, body: null, language, isJson: values.json, isOrder: false };
  const [from, to] = [Number(values.from), Number(values.to)];
  if (values.plan === undefined || !Number.isInteger(from) || !Number.isInteger(to) || language === undefined || (values.order && values.why === undefined)) throw new Misunderstood();
  const chosen = pairsOf(values.group);
  const body = {
    from, to,
    ...stepMapOf(values.map),
    ...(values.choice === undefined ? {} : { choice: values.choice }),
    ...(chosen.length === 0 ? {} : { groups: Object.fromEntries(chosen) }),
    ...(values.order ? { why: values.why } : {}),
  };
  return { planId: values.plan, body, language, isJson: values.json, isOrder: values.order };
}
