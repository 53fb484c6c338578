/** Cells of one column of a table whose cells have no commas in them. */
export function columnOf(csv: string, name: string) {
  const [header = [], ...rows] = csv
    .trim()
    .split('\n')
    .map((row) => row.split(','));
  return rows.map((row) => row[header.indexOf(name)]);
}
