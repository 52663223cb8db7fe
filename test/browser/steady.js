// Runs in a page whose picture is taken: what is different every time is written over.

globalThis.steady = { fixFonts, fixWords, showPictures };

/** Fonts that come with the tests: those of the machine change every line break. */
async function fixFonts(fonts) {
  for (const { family, weight, base64 } of fonts) {
    const font = new FontFace(family, Uint8Array.fromBase64(base64).buffer, { weight });
    document.fonts.add(await font.load());
  }
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(':root { --mono: "steady mono"; } body { font-family: "steady sans"; }');
  document.adoptedStyleSheets = [sheet];
}

const uuid = '00000000-0000-4000-8000-000000000000';

/** What is of one run: times, ports, references, marks of secrets, versions. */
const ofOneRun = [
  [/\b(localhost|127\.0\.0\.1):\d+/g, '$1:3000'],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, uuid],
  [/\b\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, 'Thu, 01 Jan 2026 12:00:00 GMT'],
  [/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, '2026-01-01T12:00:00Z'],
  [/\b\d{1,2} [A-Z][a-z]+ 20[2-9]\d\b/g, '1 January 2026'],
  [/\b\d\d:\d\d:\d\d\b/g, '12:00:00'],
  [/\b\d\d:\d\d(?= UTC)/g, '12:00'],
  [/\((?:just now|\d+ \w+ ago|in \d+ \w+)\)/g, '(just now)'],
  [/\b\d+ (seconds?|minutes?|hours?)\b/g, '59 $1'],
  [/\b\d+(?:\.\d+)? m?s\b/g, '12 ms'],
  [/\b1[6-9]\d{8}\b/g, '1767268800'],
  [/^[0-9a-f]{6}$/, '0a1b2c'],
  [/\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}\b/g, '0000-0000-0000'],
  [/\bNode(\.js)? v?\d+\.\d+\.\d+/g, 'Node 24.0.0'],
];

function rewrite(words) {
  return ofOneRun.reduce((done, [pattern, instead]) => done.replace(pattern, instead), words);
}

function fixWords() {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data } = texts.currentNode;
    const fixed = rewrite(data);
    if (fixed !== data) texts.currentNode.data = fixed;
  }
  for (const field of document.querySelectorAll('input[type=text], textarea'))
    field.value = rewrite(field.value);
}

/** Loads those further down, too. */
async function showPictures() {
  const pictures = [...document.images];
  for (const picture of pictures) picture.loading = 'eager';
  await Promise.allSettled(pictures.map((picture) => picture.decode()));
}
