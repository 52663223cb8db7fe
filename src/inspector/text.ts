/** A value that is not kept. Equal values carry equal marks, within one process. */
export interface Hidden {
  /** The name of the parameter, header or claim that held it. */
  readonly name: string;
  readonly characters: number;
  readonly mark: string;
  /** What stays: the domain of an e-mail address, with its @. */
  readonly kept: string;
  /** The value itself, in flows of the sandbox and only where the sandbox made it up. */
  readonly madeUp: string | null;
}

/** Text with holes where secrets stood. */
export type Piece = string | Hidden;
export type Text = readonly Piece[];

/** A name with its value: a header, a parameter, a claim. */
export interface Field {
  readonly name: string;
  readonly value: Text;
}

/** `[hidden: 30 characters, mark 3f9a1c]`; made-up values stay out. */
export function toPlainText(text: Text): string {
  return text.map((piece) => (typeof piece === 'string' ? piece : toPlainPiece(piece))).join('');
}

function toPlainPiece({ characters, mark, kept }: Hidden): string {
  return `[hidden: ${characters} ${characters === 1 ? 'character' : 'characters'}, mark ${mark}]${kept}`;
}

/** Collects pieces; neighbours that are both text become one. */
export class TextWriter {
  private readonly pieces: Piece[] = [];

  add(piece: Piece): void {
    const last = this.pieces.at(-1);
    if (typeof piece === 'string' && typeof last === 'string')
      this.pieces[this.pieces.length - 1] = last + piece;
    else if (piece !== '') this.pieces.push(piece);
  }

  get text(): Text {
    return this.pieces;
  }
}

export function toText(pieces: readonly Piece[]): Text {
  const writer = new TextWriter();
  for (const piece of pieces) writer.add(piece);
  return writer.text;
}
