import type { Figures } from './figures.ts';
export const toPlot = (figures: Figures): string => JSON.stringify(figures.machine);
