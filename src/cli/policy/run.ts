import type { Define } from '../command.ts';
import { program } from '../program.ts';
import { defineBuild } from './build.ts';
import { defineCheck } from './check.ts';
import { defineDiff } from './diff.ts';
import { defineEval } from './eval.ts';
import { defineExplain } from './explain.ts';
import { limitOptions } from './limits.ts';
import { defineReplay } from './replay.ts';
import { defineTest } from './test.ts';

export const define: Define = (command, terminal) => {
  command.description('Build, check, try, explain and compare policies, without a proxy.');
  for (const define of [
    defineBuild,
    defineCheck,
    defineEval,
    defineTest,
    defineExplain,
    defineReplay,
    defineDiff,
  ]) {
    define(command, terminal);
  }
  for (const each of command.commands) {
    for (const option of limitOptions()) each.addOption(option);
  }
};

export const run = program('policy', define);
