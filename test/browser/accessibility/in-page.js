// Runs in the page that is tested, after ../in-page.js. Every find… gives a line for each fault.

globalThis.a11y = {
  wear,
  number,
  listFacts,
  findSideways,
  findOverlaps,
  findClippedText,
  findFaintLines,
  findLostInForcedColors,
  findWeakContrast,
  findWordless,
  findMotion,
  findPrintFaults,
  listTabStops,
  watchFocus,
  takeFocusLog,
  findUnseenFocus,
};

/** Puts a sheet on the page as a person's browser would; a policy against inline style does not concern it. */
function wear(css) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = css ? [sheet] : [];
}

/** Numbers every element, so that the browser's accessibility tree can be matched with the page. */
function number() {
  for (const [index, element] of [...document.body.querySelectorAll('*')].entries())
    element.setAttribute('data-number', index);
}

const tell = (element) => element.outerHTML.replaceAll(/ data-number="\d+"|\s+(?=\s)/g, '').slice(0, 160);
const isHiddenLabel = (element) => element.closest('.vh, .skip, thead') !== null;

/* ---------- Text ---------- */

/** Every visible line of text: its place, cut to the boxes that scroll. */
function listLines() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const lines = [];
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const parent = text.parentElement;
    if (text.data.trim() === '' || !parent.checkVisibility({ visibilityProperty: true })) continue;
    if (isHiddenLabel(parent) || parent.closest('svg, select, script, textarea')) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const box = scrollBox(parent);
    for (const { left, right, top, bottom } of range.getClientRects()) {
      const line = {
        words: text.data.trim().slice(0, 40),
        left: Math.max(left, box.left),
        right: Math.min(right, box.right),
        top: Math.max(top, box.top),
        bottom: Math.min(bottom, box.bottom),
      };
      if (line.right > line.left && line.bottom > line.top) lines.push(line);
    }
  }
  return lines.sort((a, b) => a.top - b.top);
}

function scrollBox(element) {
  const box = element.closest('.scroll, .insp > :first-child');
  return box?.getBoundingClientRect() ?? { left: -1e6, right: 1e6, top: -1e6, bottom: 1e6 };
}

/** Text that covers other text, by more than a third of a line. */
function findOverlaps() {
  const lines = listLines();
  const faults = [];
  for (const [index, a] of lines.entries()) {
    for (let next = index + 1; next < lines.length && lines[next].top < a.bottom; next++) {
      const b = lines[next];
      const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      const lower = Math.min(a.bottom - a.top, b.bottom - b.top);
      if (width > 2 && height > lower / 3) faults.push(`“${a.words}” covers “${b.words}”`);
    }
  }
  return faults;
}

/** The page itself scrolls sideways. */
function findSideways() {
  const pixels = inPage.sidewaysScroll();
  return pixels > 0 ? [`scrolls sideways by ${pixels} pixels`] : [];
}

/** Boxes that hide a part of the text in them. */
function findClippedText() {
  return [...document.body.querySelectorAll('*:not(svg *)')]
    .filter((box) => box.checkVisibility() && !isHiddenLabel(box) && box.textContent.trim() !== '')
    .filter((box) => {
      const { overflowX, overflowY } = getComputedStyle(box);
      const hides = (overflow) => overflow === 'hidden' || overflow === 'clip';
      return (
        (hides(overflowX) && box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 0) ||
        (hides(overflowY) && box.scrollHeight > box.clientHeight + 1 && box.clientHeight > 0)
      );
    })
    .map((box) => `hides text: ${tell(box)}`);
}

/* ---------- Colours ---------- */

const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });

/** Any colour of CSS as red, green, blue (0 to 255) and opacity (0 to 1). */
function readColor(color) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
  return { rgb: [red, green, blue], alpha: alpha / 255 };
}

/** What is behind an element: the first ground below it that lets nothing through. */
function groundOf(element) {
  for (let box = element; box; box = box.parentElement) {
    const { rgb, alpha } = readColor(getComputedStyle(box).backgroundColor);
    if (alpha > 0.99) return rgb;
  }
  return [255, 255, 255];
}

function luminance(rgb) {
  const [red, green, blue] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** WCAG 2.2, contrast ratio: 1 to 21. */
function contrast(a, b) {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

/** What has to be told apart from the ground around it: which elements, and the colour of which line. */
const lines = [
  ['.btn:not(.text), .prov, input[type=text], select, textarea, [readonly]', (style) => style.borderTopColor],
  ['.tag, .step-num, .num', (style) => style.borderTopColor],
  ['.theme [aria-pressed=true]', (style) => style.borderBottomColor],
  ['nav [aria-current]', (style) => style.boxShadow.match(/^[a-z-]+\(.+?\)(?= )/)?.[0] ?? 'transparent'],
  ['.pick:has([type=radio]:checked)', (style) => style.borderTopColor],
  ['.seq a path:not(.tip), .lane, .l, .n, .fob .b', (style) => style.stroke],
  ['.seq .tip', (style) => style.fill],
];

/** Lines of controls, states and drawings under 3:1 (WCAG 2.2, 1.4.11). */
function findFaintLines() {
  return lines.flatMap(([selector, colorOf]) =>
    [...document.querySelectorAll(selector)]
      .filter((element) => element.checkVisibility() && !element.closest('.prov .fob, .rack'))
      .map((element) => {
        const holder = element.closest('svg')?.parentElement ?? element.parentElement;
        const style = getComputedStyle(element);
        // A filled shape is told apart by its filling as well as by its line.
        const ratios = [colorOf(style), element.closest('svg') ? style.fill : style.backgroundColor]
          .map(readColor)
          .filter(({ alpha }) => alpha > 0.99)
          .map(({ rgb }) => contrast(rgb, groundOf(holder)));
        return { element, ratio: Math.max(1, ...ratios) };
      })
      .filter(({ ratio }) => ratio < 3)
      .map(({ element, ratio }) => `faint line, ${ratio.toFixed(2)}: ${tell(element)}`),
  );
}

/** For whoever asks for more contrast: lines of boxes under 4.5:1, small text under 7:1. */
function findWeakContrast() {
  const shown = (selector) =>
    [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility());
  const ratioOf = (element, color) => contrast(readColor(color).rgb, groundOf(element));
  const boxes = shown('.card:not(.sessions), .note, .pick, .fold, pre, .tag, .theme').filter(
    (box) => ratioOf(box.parentElement, getComputedStyle(box).borderBottomColor) < 4.5,
  );
  const texts = shown('.soft, .hint, dt, thead th, .bottom p').filter(
    (text) => ratioOf(text, getComputedStyle(text).color) < 7,
  );
  return [...boxes, ...texts].map((element) => `weak: ${tell(element)}`);
}

/** What tells by its colour alone (WCAG 2.2, 1.4.1): states without words, links in a sentence without a line. */
function findWordless() {
  const states = [...document.querySelectorAll('.tag, .check b, .note')].filter(
    ({ textContent }) => textContent.trim() === '',
  );
  const links = [...document.querySelectorAll('main :is(p, li, dd, td, .hint) a:not(.btn)')].filter(
    (link) =>
      link.checkVisibility() &&
      !link.closest('.toc') &&
      !getComputedStyle(link).textDecorationLine.includes('underline'),
  );
  return [...states, ...links].map((element) => `told by colour alone: ${tell(element)}`);
}

/* ---------- Forced colours ---------- */

/** Controls, states and parts that have no line once the browser took their colours away. */
function findLostInForcedColors() {
  const boxes =
    '.btn, .prov, .theme button, input, select, textarea, .tag, .card, .note, .pick, .step-num, .face, .last';
  const lost = [...document.querySelectorAll(boxes)]
    .filter((box) => box.checkVisibility() && !box.matches('[type=radio], [type=checkbox]'))
    .filter((box) => {
      const { borderBottomWidth, borderBottomStyle, borderBottomColor } = getComputedStyle(box);
      const drawn = Number.parseFloat(borderBottomWidth) >= 1 && borderBottomStyle !== 'none';
      return !drawn || contrast(readColor(borderBottomColor).rgb, groundOf(box.parentElement)) < 3;
    });
  const drawing = [
    ...document.querySelectorAll('.seq a path:not(.tip), .seq .l, .seq .n, .seq .lane'),
  ].filter(
    (line) => contrast(readColor(getComputedStyle(line).stroke).rgb, groundOf(line.closest('.card'))) < 3,
  );
  const writing = [...document.querySelectorAll('.seq text')].filter((text) => {
    const { fill } = getComputedStyle(text);
    const circle = text.matches('.nt') ? text.parentElement.querySelector('.n') : null;
    const ground = circle ? readColor(getComputedStyle(circle).fill).rgb : groundOf(text.closest('.card'));
    return contrast(readColor(fill).rgb, ground) < 4.5;
  });
  const marked = [...document.querySelectorAll('nav [aria-current], .theme [aria-pressed=true]')].filter(
    (mark) => getComputedStyle(mark).textDecorationLine !== 'underline',
  );
  return [...lost, ...drawing, ...writing, ...marked].map((element) => `lost: ${tell(element)}`);
}

/* ---------- Motion ---------- */

/** Whatever moves by itself or on the way from one look to another. */
function findMotion() {
  const moving = [...document.querySelectorAll('*')].filter((element) =>
    [null, '::before', '::after'].some((pseudo) => {
      const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(element, pseudo);
      return animationName !== 'none' || /[1-9]/.test(transitionDuration) || scrollBehavior === 'smooth';
    }),
  );
  return [...moving.map((element) => `moves: ${tell(element)}`), ...document.getAnimations().map(String)];
}

/* ---------- Print ---------- */

/** With print emulated: what is only there to be pressed, what is folded away or cut off. */
function findPrintFaults() {
  const shown = (selector) =>
    [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility());
  const hidden = (selector) =>
    [...document.querySelectorAll(selector)].filter(
      (element) => !element.checkVisibility({ contentVisibilityAuto: true }),
    );
  const cut = shown('.scroll, .insp > *, textarea').filter((box) => box.scrollHeight > box.clientHeight + 1);
  const wide = shown('.scroll').filter((box) => box.scrollWidth > box.clientWidth + 1);
  const bare = shown('main a[href^="https:"]:not(.steps a, .mono)').filter(
    (link) => !getComputedStyle(link, '::after').content.includes(link.getAttribute('href')),
  );
  return [
    ...shown('nav, button, .btn, .skip, .theme').map((element) => `printed: ${tell(element)}`),
    ...hidden('main details > :not(button)').map((element) => `not printed: ${tell(element)}`),
    ...cut.map((element) => `cut at the bottom: ${tell(element)}`),
    ...wide.map((element) => `cut at the side: ${tell(element)}`),
    ...bare.map((element) => `address not printed: ${tell(element)}`),
  ];
}

/* ---------- Focus ---------- */

/** Everything that Tab should reach, in the order of the page; of a group of radio buttons one. */
function listTabStops() {
  const stops = [
    ...document.querySelectorAll('a, button, input, select, textarea, summary, [tabindex]'),
  ].filter((element) => element.tabIndex >= 0 && !element.disabled && element.checkVisibility());
  return stops.filter((element) => {
    if (element.type !== 'radio') return true;
    const group = stops.filter(
      ({ type, name, form }) => type === 'radio' && name === element.name && form === element.form,
    );
    return element === (group.find(({ checked }) => checked) ?? group[0]);
  });
}

let focusLog = [];

/** Puts the focus before the page and notes what gets it from now on. */
function watchFocus() {
  focusLog = [];
  document.addEventListener('focusin', ({ target }) => focusLog.push(target));
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute('tabindex');
  focusLog = [];
  return listTabStops().length;
}

/** What is wrong with the way the focus went: not the order of the page, or against the reading order. */
function takeFocusLog() {
  for (const box of document.querySelectorAll('.scroll, .insp > *')) box.scrollTo(0, 0);
  const expected = listTabStops();
  const faults = expected.flatMap((element, index) =>
    focusLog[index] === element
      ? []
      : [
          `Tab ${index + 1} went to ${focusLog[index] ? tell(focusLog[index]) : 'nothing'}, not to ${tell(element)}`,
        ],
  );
  const positive = document.querySelectorAll('[tabindex]:not([tabindex="0"], [tabindex="-1"])');
  return [
    ...faults.slice(0, 3),
    ...[...positive].map((element) => `own order: ${tell(element)}`),
    ...findSteppingBack(expected),
  ];
}

/** A stop that lies above, or left of, the one before it: unless a new column begins. */
function findSteppingBack(all) {
  // What a box has scrolled out of sight lies nowhere.
  const stops = all.filter((element) => {
    const box = scrollBox(element.parentElement);
    const { top, bottom } = element.getBoundingClientRect();
    return top >= box.top - 1 && bottom <= box.bottom + 1;
  });
  const places = stops.map((element) => element.getBoundingClientRect());
  return stops.flatMap((element, index) => {
    if (index < 2) return [];
    const [before, now] = [places[index - 1], places[index]];
    const up = now.bottom <= before.top + 1 && now.left < before.right - 1;
    const left = now.right <= before.left + 1 && now.top < before.bottom - 1 && now.bottom > before.top + 1;
    return up || left ? [`goes back to ${tell(element)}`] : [];
  });
}

/** Focuses one stop after the other: whether a line shows it, wide and strong enough, and all of it. */
function findUnseenFocus() {
  return listTabStops().flatMap((element) => {
    const before = readRing(element);
    element.focus();
    const ring = readRing(element);
    const faults = [];
    if (ring.width < 3) faults.push(`a line of ${ring.width} pixels`);
    if (ring.look === before.look) faults.push('nothing changes');
    const ratio = contrast(readColor(ring.color).rgb, groundOf(ring.ground));
    if (ratio < 3) faults.push(`a line of ${ratio.toFixed(2)}:1`);
    // An arrow of the diagram is brought into sight in part, no more.
    const cut = element.matches('.skip, .seq a') ? 0 : cutOff(ring.holder, ring.reach);
    if (cut > 1) faults.push(`${cut.toFixed(1)} pixels of the line cut off`);
    if (!isSeen(ring.holder)) faults.push('something lies over it');
    element.blur();
    return faults.map((fault) => `focus, ${fault}: ${tell(element)}`);
  });
}

/** The line around what has the focus: an outline, or in the diagram the stroke of a rectangle. */
function readRing(element) {
  const hit = element.querySelector(':scope > .hit');
  if (hit) {
    const { stroke, strokeWidth } = getComputedStyle(hit);
    const width = stroke === 'none' ? 0 : Number.parseFloat(strokeWidth);
    return {
      width,
      color: stroke,
      look: `${stroke} ${strokeWidth}`,
      reach: 0,
      holder: hit,
      ground: element.closest('.card'),
    };
  }
  const { outlineStyle, outlineWidth, outlineColor, outlineOffset } = getComputedStyle(element);
  const width = outlineStyle === 'none' ? 0 : Number.parseFloat(outlineWidth);
  const offset = Number.parseFloat(outlineOffset);
  return {
    width,
    color: outlineColor,
    look: `${outlineStyle} ${outlineWidth} ${outlineColor}`,
    reach: width + offset,
    holder: element,
    ground: offset < 0 ? element : element.parentElement,
  };
}

/** How much of the line lies outside of the boxes around it that show nothing outside. */
function cutOff(element, reach) {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  let most = 0;
  for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
    const style = getComputedStyle(box);
    const margin = Number.parseFloat(style.overflowClipMargin) || 0;
    const limits = box.getBoundingClientRect();
    // What is wider than its box is seen in part, and scrolls.
    if (style.overflowX !== 'visible' && right - left < limits.width)
      most = Math.max(most, limits.left - margin - (left - reach), right + reach - limits.right - margin);
    if (style.overflowY !== 'visible' && bottom - top < limits.height)
      most = Math.max(most, limits.top - margin - (top - reach), bottom + reach - limits.bottom - margin);
  }
  return most;
}

/** Whether it is in the window, and nothing lies over the middle of what is. */
function isSeen(element) {
  const { left, right, top, bottom } = element.getClientRects()[0];
  const middle = (from, to, size) => (Math.max(from, 0) + Math.min(to, size)) / 2;
  const found = document.elementFromPoint(middle(left, right, innerWidth), middle(top, bottom, innerHeight));
  if (!found || bottom <= 0 || top >= innerHeight) return false;
  return element.contains(found) || found.contains(element) || element.parentElement.contains(found);
}

/* ---------- Names ---------- */

/** What the accessibility tree does not tell of each numbered element. */
function listFacts() {
  return [...document.body.querySelectorAll('*')].map((element) => ({
    seen: seenWords(element),
    does: doing(element),
    described: (element.getAttribute('aria-describedby') ?? '')
      .split(' ')
      .map((id) => (id ? words(document.getElementById(id)?.textContent ?? `nothing with the id ${id}`) : ''))
      .join(' '),
  }));
}

const words = (text) => text.replaceAll(/\s+/g, ' ').trim();

/** The words of a link, button or fold that can be seen. */
function seenWords(element) {
  if (!element.matches('a, button, summary') || element.closest('svg')) return '';
  const copy = element.cloneNode(true);
  for (const hidden of copy.querySelectorAll('.vh, svg, [aria-hidden=true]')) hidden.remove();
  return words(copy.textContent);
}

/** Where a link goes, or what a button sends where. */
function doing(element) {
  if (element.matches('a')) return element.getAttribute('href');
  if (!element.matches('button'))
    return element.matches('summary') ? words(element.parentElement.textContent) : '';
  if (!element.form || element.type === 'button') return words(element.outerHTML);
  const { form, name, value } = element;
  const sent = [...new FormData(form)].map((pair) => pair.join('=')).join('&');
  return `${form.method} ${form.getAttribute('action')} ${sent} ${name}=${value}`;
}
