import { openApiText } from '../../api/openapi-text.ts';

/** What any address may answer before it is known which one it is, or where we are at fault: in no operation's list. */
const ofAnyAddress: readonly number[] = [400, 405, 408, 413, 415, 431, 500];

interface Operation {
  method: string;
  matches: RegExp;
  responses: Record<string, { description: string }>;
}

const { paths } = JSON.parse(openApiText()) as { paths: Record<string, Record<string, Pick<Operation, 'responses'>>> };
const operations: Operation[] = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, { responses }]) => ({ method: method.toUpperCase(), matches: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`), responses })));

/** Throws where the documentation does not have an answer that was given: generated clients know no other. */
export function mustBeDocumented(method: string, url: string, { status, body }: { status: number; body: Record<string, unknown> }): void {
  const [pathname = ''] = url.split('?');
  const operation = operations.find((each) => each.method === method && each.matches.test(pathname));
  if (operation === undefined || ofAnyAddress.includes(status)) return;
  const documented = operation.responses[String(status)];
  const code = status >= 400 && typeof body['code'] === 'string' ? body['code'] : null;
  if (documented !== undefined && (code === null || documented.description.split(', ').includes(code))) return;
  throw new Error(`${method} ${pathname.replaceAll(/[0-9a-f-]{36}/g, '{id}')} answered ${status} ${code ?? ''}, which docs/openapi.json does not have: name the problem in its route.`);
}
