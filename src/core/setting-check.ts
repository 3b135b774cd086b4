/** What the values of a setting may be. Checks by hand: loading a schema library takes half of the time to import the package. */
export interface SettingCheck<T> {
  /** Completes “the value …”: `must be true or false`. */
  readonly message: string
  accepts(value: unknown): value is T
}

/** Whole numbers in a range. */
export function whole(min: number, max: number): SettingCheck<number> {
  return {
    message: `must be a whole number from ${min} to ${max}`,
    accepts: (value): value is number =>
      Number.isSafeInteger(value) && inRange(value as number, min, max),
  }
}

/** Numbers in a range. */
export function number(min: number, max: number): SettingCheck<number> {
  return {
    message: `must be a number from ${min} to ${max}`,
    accepts: (value): value is number =>
      Number.isFinite(value) && inRange(value as number, min, max),
  }
}

/** `true` and `false`. */
export const truth: SettingCheck<boolean> = {
  message: 'must be true or false',
  accepts: (value) => typeof value === 'boolean',
}

/** One of some texts. */
export function oneOf<T extends string>(...values: readonly T[]): SettingCheck<T> {
  return {
    message: `must be one of ${values.join(', ')}`,
    accepts: (value): value is T => values.some((each) => each === value),
  }
}

/** Lists of texts that are not empty. */
export function texts(maxItems: number, maxLength: number): SettingCheck<readonly string[]> {
  return {
    message: `must be a list of at most ${maxItems} texts of 1 to ${maxLength} characters`,
    accepts: (value): value is readonly string[] =>
      Array.isArray(value) &&
      value.length <= maxItems &&
      value.every((item) => typeof item === 'string' && inRange(item.length, 1, maxLength)),
  }
}

/** What another check accepts, or null. */
export function nullable<T>({ message, accepts }: SettingCheck<T>): SettingCheck<T | null> {
  return {
    message: `${message}, or null`,
    accepts: (value): value is T | null => value === null || accepts(value),
  }
}

function inRange(value: number, min: number, max: number): boolean {
  return value >= min && value <= max
}
