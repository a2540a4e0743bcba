// A module of TypeScript that climate.ts imports.
export interface Reading {
  celsius: number;
  at: Date;
}

export interface Range {
  from: number;
  to: number;
}

export enum Advice {
  Heat = 'heat it',
  Cool = 'open a window',
  Leave = 'leave it as it is',
}

export class Room {
  readonly #readings: Reading[] = [];

  constructor(readonly name: string, private readonly wanted: Range) {}

  add(reading: Reading): void {
    this.#readings.push(reading);
  }

  get count(): number {
    return this.#readings.length;
  }

  get average(): number {
    return this.#readings.reduce((sum, r) => sum + r.celsius, 0) / this.count;
  }

  get advice(): Advice {
    const now = this.#readings.at(-1)!.celsius;
    if (now < this.wanted.from) return Advice.Heat;
    return now > this.wanted.to ? Advice.Cool : Advice.Leave;
  }
}
