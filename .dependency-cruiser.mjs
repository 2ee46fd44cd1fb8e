// Which folder may import which: functions, bin -> cli, stack -> runtime -> web -> adapters -> core. Core imports core.
const below = (name, from, forbidden, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: forbidden },
});

export default {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A cycle hides which side decides.',
      from: {},
      to: { circular: true },
    },
    below(
      'core-imports-core',
      '^lib/core/',
      '^(lib/(?!core/)|bin/|functions/|test/)',
      'Core is pure: it knows no adapter.',
    ),
    {
      name: 'core-has-no-node',
      severity: 'error',
      comment: 'Time, ids, hashing and I/O are arguments of core functions.',
      from: { path: '^lib/core/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'core-packages',
      severity: 'error',
      comment: 'Core may use only these small pure packages.',
      from: { path: '^lib/core/' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer'],
        pathNot: 'node_modules/(yaml|zod|semver|@types/semver)/',
      },
    },
    below(
      'adapters-below',
      '^lib/adapters/',
      '^(lib/(runtime|web|cli|stack)/|bin/|functions/|test/)',
      'Adapters know core only.',
    ),
    below(
      'web-below-runtime',
      '^lib/web/',
      '^(lib/(runtime|cli|stack)/|bin/|functions/|test/)',
      'Routes take what they need as arguments.',
    ),
    below(
      'runtime-below-cli',
      '^lib/runtime/',
      '^(lib/(cli|stack)/|bin/|functions/|test/)',
      'Wiring knows no command.',
    ),
    below(
      'stack-names-handlers',
      '^lib/stack/',
      '^(lib/(runtime|adapters|web|cli)/|bin/|functions/|test/)',
      'The stack names the file of a handler and never imports one.',
    ),
    below('nothing-imports-test', '^(lib|bin|functions)/', '^test/', 'Tests never ship.'),
    {
      name: 'sdk-in-adapters',
      severity: 'error',
      comment: 'Only adapters speak to AWS and Git.',
      from: { path: '^(lib|bin|functions)/', pathNot: '^lib/adapters/' },
      to: { path: 'node_modules/(@aws-sdk|isomorphic-git)/' },
    },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      comment: 'What ships uses what is shipped.',
      from: { path: '^(lib|bin|functions)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '@types/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
