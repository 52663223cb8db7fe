import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import express, { type RequestHandler } from 'express';

export const viewsFolder = join(import.meta.dirname, '../../views');
const publicFolder = join(import.meta.dirname, '../../public');

const icons = new Set(readdirSync(join(viewsFolder, 'icons')));

/** The drawing in views/icons/ for a provider; `other` for one that has none of its own. */
export function iconOf({ id }: { readonly id: string }): string {
  return icons.has(`${id}.ejs`) ? id : 'other';
}

export interface Assets {
  /** The address of a file in public/, with a version that changes with its content. */
  readonly href: (name: string) => string;
  readonly handler: RequestHandler;
}

/** Serves public/. In production a version is computed once and the file kept by browsers for a year. */
export function createAssets(base: string, production: boolean): Assets {
  const versions = new Map<string, string>();
  const versionOf = (name: string) => {
    const known = versions.get(name);
    if (known && production) return known;
    const version = createHash('sha256')
      .update(readFileSync(join(publicFolder, name)))
      .digest('base64url')
      .slice(0, 10);
    versions.set(name, version);
    return version;
  };
  return {
    href: (name) => `${base}/${name}?v=${versionOf(name)}`,
    handler: express.static(publicFolder, {
      index: false,
      redirect: false,
      fallthrough: true,
      ...(production ? { immutable: true, maxAge: '365d' } : { maxAge: 0 }),
    }),
  };
}
