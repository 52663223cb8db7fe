/** Splits at the first `=` only up to the next one, as the page's router does: the rest of the value is lost. */
function readPair(pair: string): [string, string] {
  const [name = '', value = ''] = pair.split('=');
  return [decode(name), decode(value)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The query as Mixin's page reads it: `+` stays `+`, a repeated parameter turns into a list. */
export function readMixinQuery(url: string): [string, string][] {
  const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
  const values = new Map<string, string[]>();
  for (const pair of query.split('&').filter((entry) => entry !== '')) {
    const [name, value] = readPair(pair);
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return [...values].map(([name, list]) => [name, list.join(',')]);
}
