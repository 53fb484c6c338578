/** Text that is not an INI file. */
export class IniProblem extends Error {
  override readonly name = 'IniProblem';
}

type Section = Map<string, string>;

/**
 * The sections of AWS's configuration files, as Python's configparser reads them, on which the AWS CLI is
 * built: `=` or `:`, keys in any case, deeper lines continue a value, and nothing may stand twice.
 * @throws IniProblem
 */
export function parseIni(text: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Section>();
  let section: Section | undefined;
  let key: string | undefined;
  let indent = 0;
  for (const line of text.split(/\r\n?|\n/)) {
    const written = line.trim();
    if (written === '' || /^[#;]/.test(written)) continue;
    const depth = line.search(/\S/);
    if (section && key !== undefined && depth > indent) {
      section.set(key, `${section.get(key)}\n${written}`);
      continue;
    }
    indent = depth;
    const [, title] = /^\[(.+)\]/.exec(written) ?? [];
    if (title === undefined) {
      key = setOption(section, written);
    } else {
      section = new Map();
      setOnce(sections, title, section);
      key = undefined;
    }
  }
  return sections;
}

function setOption(section: Section | undefined, written: string): string {
  const [, name = '', value = ''] = /^(.*?)\s*[=:]\s*(.*)$/.exec(written) ?? [];
  if (!section || name === '') throw new IniProblem(`no setting: ${written}`);
  const key = name.toLowerCase();
  setOnce(section, key, value);
  return key;
}

function setOnce<Item>(items: Map<string, Item>, key: string, item: Item): void {
  if (items.has(key)) throw new IniProblem(`stands twice: ${key}`);
  items.set(key, item);
}
