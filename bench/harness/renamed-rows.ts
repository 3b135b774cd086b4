/*
 * `--against` compares rows and modules by name. When a change renames one, it adds a line here: the old name, then the
 * new one. A line may go once no revision with the old name is compared any more.
 */

/** Rows of `--json`, as `bench/row`, where `bench` is the new name of the file. */
const ROWS: Readonly<Record<string, string>> = {
  'sqlite-store/sqlite-create': 'sqlite-store/sqlite-store-create',
  'sqlite-store/sqlite-create-stall': 'sqlite-store/sqlite-store-create-stall',
  'sqlite-store/sqlite-create-stall-p99': 'sqlite-store/sqlite-store-create-stall-p99',
  'sqlite-store/sqlite-renew': 'sqlite-store/sqlite-store-renew',
  'sqlite-store/sqlite-renew-stall': 'sqlite-store/sqlite-store-renew-stall',
  'sqlite-store/sqlite-find': 'sqlite-store/sqlite-store-find',
  'sqlite-store/sqlite-count': 'sqlite-store/sqlite-store-count',
  'sqlite-store/sqlite-size': 'sqlite-store/sqlite-store-size',
}

/** Files of `bench/` and `bench/contenders/`, without the folder and the extension. */
const MODULES: Readonly<Record<string, string>> = {}

/** The present name of a row that an older revision printed. */
export function presentRowName(bench: string, row: string, renamed = ROWS): string {
  const name = renamed[`${bench}/${row}`]
  return name === undefined ? row : name.slice(name.indexOf('/') + 1)
}

/** The names that a module may have in an older revision: the present one first. */
export function moduleNames(module: string, renamed = MODULES): readonly string[] {
  const older = Object.entries(renamed).filter(([, name]) => name === module)
  return [module, ...older.map(([name]) => name)]
}
