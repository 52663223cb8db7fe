import type { Figures } from './figures.ts';
export const toDocument = (figures: Figures): string => JSON.stringify(figures.machine);
