import type { OpenApiDocument } from './openapi.ts';
import { problemCodes } from './problem.ts';

/** The document as one page without scripts, so that it can be read behind the strictest content policy and without internet. */
export function documentPage(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) => Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({ path, method, operation })));
  const tags = [...new Set(operations.map(({ operation }) => operation.tags?.[0] ?? ''))];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,"><title>${escape(document.info.title)}</title><style>${style}</style></head><body>
<header><h1>${escape(document.info.title)}</h1><p>${escape(document.info.description ?? '')}</p><p><a href="/v1/openapi.json">OpenAPI 3.1</a> · <a href="/v1/plan-schema.json">JSON Schema of a plan</a></p>
<nav>${tags.map((tag) => `<a href="#${escape(tag)}">${escape(tag)}</a>`).join(' ')} <a href="#schemas">schemas</a> <a href="#problems">problems</a></nav></header>
${tags.map((tag) => section(tag, operations.filter(({ operation }) => operation.tags?.[0] === tag))).join('\n')}
<section id="schemas"><h2>schemas</h2>${Object.entries(document.components?.schemas ?? {}).map(([name, schema]) => `<details id="schema-${escape(name)}"><summary>${escape(name)}</summary>${json(schema)}</details>`).join('')}</section>
<section id="problems"><h2>problems</h2><dl>${problemCodes.map(({ code, status, title }) => `<dt id="problem-${escape(code)}"><code>${escape(code)}</code></dt><dd>${status} ${escape(title)}</dd>`).join('')}</dl></section>
</body></html>
`;
}

interface Operation {
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: { name: string; in: string; required?: boolean; schema?: unknown }[];
  requestBody?: { content: Record<string, { schema?: unknown }> };
  responses: Record<string, { description: string; content?: Record<string, { schema?: unknown }> }>;
}

function section(tag: string, operations: readonly { path: string; method: string; operation: Operation }[]): string {
  return `<section id="${escape(tag)}"><h2>${escape(tag)}</h2>${operations.map(({ path, method, operation }) => operationPart(path, method, operation)).join('')}</section>`;
}

function operationPart(path: string, method: string, operation: Operation): string {
  const parameters = (operation.parameters ?? []).map((each) => `<tr><td><code>${escape(each.name)}</code></td><td>${escape(each.in)}${each.required === true ? ', required' : ''}</td><td>${json(each.schema)}</td></tr>`).join('');
  const [bodyType, body] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const answers = Object.entries(operation.responses).map(([status, answer]) => {
    const [type, content] = Object.entries(answer.content ?? {})[0] ?? [];
    return `<details><summary>${escape(status)} ${escape(answer.description)}</summary><p>${escape(type ?? '')}</p>${json(content?.schema)}</details>`;
  });
  return `<details class="operation"><summary><b class="${escape(method)}">${escape(method)}</b> <code>${escape(path)}</code> ${escape(operation.summary ?? '')}</summary>
<p>${escape(operation.description ?? '')}</p>${parameters === '' ? '' : `<table>${parameters}</table>`}${body === undefined ? '' : `<h3>Body (${escape(bodyType ?? '')})</h3>${json(body.schema)}`}<h3>Answers</h3>${answers.join('')}</details>`;
}

/** A schema as text; references lead to their place on the page. */
function json(value: unknown): string {
  return `<pre>${escape(JSON.stringify(value ?? {}, null, 2)).replaceAll(/#\/components\/schemas\/(\w+)/g, '<a href="#schema-$1">$1</a>')}</pre>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

const style = 'body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:0 auto;padding:1rem;color:#1c2733;background:#fff}h1{margin:.5rem 0}h2{border-bottom:2px solid #d5dde5;text-transform:capitalize}details{margin:.25rem 0 .25rem 1rem}details.operation{margin:.4rem 0;padding:.4rem;border:1px solid #d5dde5;border-radius:6px}summary{cursor:pointer}pre{background:#f4f7fa;padding:.5rem;overflow:auto;font-size:13px;margin:.25rem 0}td{vertical-align:top;padding:.2rem .6rem}b{display:inline-block;min-width:4.2rem;text-align:center;border-radius:4px;color:#fff;background:#5b6b7b;text-transform:uppercase;font-size:13px}b.get{background:#1d6fa5}b.post{background:#2a7d46}b.put{background:#a35c00}b.delete{background:#a52828}nav a{margin-right:.8rem}';
