const here = new URL('.', import.meta.url).href;
const bundler = new URL('../../../scripts/bundle.mjs', import.meta.url).href;

/** Whoever asks for the bundler gets its double; the double itself gets the real one. */
export async function resolve(specifier, context, nextResolve) {
  const resolved = await nextResolve(specifier, context);
  return resolved.url === bundler && !context.parentURL?.startsWith(here) ? { ...resolved, url: `${here}bundle.mjs` } : resolved;
}
