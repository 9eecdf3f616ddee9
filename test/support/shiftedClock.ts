// Loaded before a program (`--import`), in each of its threads: its clock is wrong by so many seconds.
const shiftMs = 1000 * Number(process.env.TEST_CLOCK_SHIFT_SEC);
const RightDate = Date;

class ShiftedDate extends RightDate {
  constructor(...args: [] | [value: number | string | Date]) {
    if (args.length === 0) super(RightDate.now() + shiftMs);
    else super(...args);
  }

  static override now(): number {
    return RightDate.now() + shiftMs;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;
