import { openContext } from '../../support/browser.ts';
import { describeInBrowser, useBrowser, useLatchkey } from '../../support/in-browser.ts';
import { findState, openState } from '../page-states.ts';

const browser = useBrowser();
const latchkey = useLatchkey({ sandboxHost: '127.0.0.1' });

describeInBrowser('a flow of the inspector, made a PDF', () => {
  test('has every step with its heading, the diagram, and the title of the page', async () => {
    const context = await openContext(browser());
    const page = await openState(context, latchkey(), findState('inspector-failed'));
    const headings = await page.locator('.step h3').allInnerTexts();
    expect(headings).toHaveLength(5);
    const titles = readOutline(await page.pdf({ format: 'A4', tagged: true, outline: true }));
    for (const heading of ['Diagram', 'Steps', ...headings.map(toPlain)]) {
      expect(titles.map(toPlain)).toContainEqual(expect.stringContaining(heading));
    }
    expect(titles).toContainEqual(expect.stringMatching(/^Failed at step 4: .+ – Latchkey$/));
    await context.close();
  });
});

/** The headings of the PDF's outline, and its title: Chromium writes them uncompressed (ISO 32000-1, 7.9.2). */
function readOutline(pdf: Buffer): string[] {
  const titles = pdf
    .toString('latin1')
    .matchAll(/\/Title (?:\((?<plain>[^)]*)\)|<FEFF(?<utf16>[0-9A-F]+)>)/g);
  return [...titles].map(({ groups }) =>
    groups?.['utf16']
      ? Buffer.from(groups['utf16'], 'hex').swap16().toString('utf16le')
      : (groups?.['plain'] ?? ''),
  );
}

/** Without the spaces and the number that a line break or the hidden words put between. */
const toPlain = (words: string) => words.replace(/^\d+\.\s*/, '').replaceAll(/\s/g, '');
