// Reading templates: short forms, scalars, positions, bad input.
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkParameters, checkTemplate } from '../../../lib/core/cloudformation/check.ts';
import { templateReferences } from '../../../lib/core/cloudformation/references.ts';
import { looksLikeTemplate, readTemplate } from '../../../lib/core/cloudformation/template.ts';
import { problemText } from '../../../lib/core/config/model.ts';

const read = (text: string) => readTemplate('stack.yaml', text);
const resource = (properties: string) => `Resources:\n  A:\n    Type: AWS::SQS::Queue\n    Properties:\n${properties}`;
const propertiesOf = (text: string) =>
  (read(text).template as { Resources: { A: { Properties: Record<string, unknown> } } }).Resources.A.Properties;
const codes = (text: string) => {
  const result = read(text);
  return [...result.problems, ...checkTemplate(result)].map(
    (problem) => `${problem.line}:${problem.column} ${problem.code}`,
  );
};

test('every short form is written out in long form', () => {
  const file = 'test/fixtures/cloudformation/short-forms.yaml';
  const result = readTemplate(file, readFileSync(file, 'utf8'));
  expect(result.problems).toEqual([]);
  expect(checkTemplate(result)).toEqual([]);
  const template = result.template as Record<string, Record<string, Record<string, unknown>>>;
  expect(template['Conditions']).toEqual({
    IsDev: { 'Fn::Equals': [{ Ref: 'Stage' }, 'dev'] },
    Both: { 'Fn::And': [{ Condition: 'IsDev' }, { 'Fn::Not': [{ 'Fn::Equals': ['a', 'b'] }] }] },
    Either: { 'Fn::Or': [{ Condition: 'IsDev' }, { 'Fn::Equals': ['a', 'a'] }] },
  });
  expect(template['Outputs']).toEqual({ Dotted: { Value: { 'Fn::GetAtt': ['Queue', 'Nested.Name'] } } });
  expect(template['Resources']!['Queue']!['Properties']).toEqual({
    QueueName: { 'Fn::Sub': ['${name}-queue', { name: { Ref: 'Stage' } }] },
    MessageRetentionPeriod: { 'Fn::FindInMap': ['Sizes', { Ref: 'Stage' }, 'Days'] },
    Tags: [
      { Key: 'role', Value: { 'Fn::GetAtt': ['Role', 'Arn'] } },
      { Key: 'split', Value: { 'Fn::Select': [1, { 'Fn::Split': [',', 'a,b'] }] } },
      { Key: 'attribute-list', Value: { 'Fn::GetAtt': ['Role', 'Arn'] } },
      {
        Key: 'nested',
        Value: {
          'Fn::If': [
            'IsDev',
            { 'Fn::Join': ['-', ['a', { 'Fn::ImportValue': 'base-Name' }]] },
            { Ref: 'AWS::NoValue' },
          ],
        },
      },
      { Key: 'encoded', Value: { 'Fn::Base64': { 'Fn::Sub': 'hello' } } },
      { Key: 'network', Value: { 'Fn::Select': [0, { 'Fn::Cidr': ['10.0.0.0/16', 4, 8] }] } },
      { Key: 'zones', Value: { 'Fn::Join': [',', { 'Fn::GetAZs': '' }] } },
      { Key: 'json', Value: { 'Fn::ToJsonString': { a: 1 } } },
      { Key: 'count', Value: { 'Fn::Length': [1, 2] } },
    ],
    RedrivePolicy: { 'Fn::Transform': { Name: 'AWS::Include', Parameters: { Location: 'parts/redrive.yaml' } } },
  });
  expect(templateReferences(result.template!)).toEqual([
    {
      kind: 'include',
      location: 'parts/redrive.yaml',
      local: true,
      path: ['Resources', 'Queue', 'Properties', 'RedrivePolicy', 'Fn::Transform', 'Parameters', 'Location'],
    },
  ]);
});

describe('scalars mean what CloudFormation (YAML 1.1 without dates) means by them', () => {
  test.each([
    ['2012-10-17', '2012-10-17'],
    ['2001-12-14t21:59:43.10-05:00', '2001-12-14t21:59:43.10-05:00'],
    ['yes', true],
    ['off', false],
    ['~', null],
    ['1e3', 1000],
    ['0x1F', 31],
    ['010', 8],
    ['012345678910', '012345678910'],
    ['123456789012345678901', '123456789012345678901'],
    ['"0123"', '0123'],
    ['!!str 0123', '0123'],
    ['10.0.0.0/16', '10.0.0.0/16'],
    ['1.10', 1.1],
  ])('%s', (source, value) => {
    expect(propertiesOf(resource(`      V: ${source}`))['V']).toEqual(value);
  });

  test('an octal account id and a base-60 number are warned about, with place', () => {
    const result = read(resource('      Account: 012345670123\n      Ports: 22:22\n'));
    expect(result.warnings.map(problemText)).toEqual([
      "stack.yaml:5:16 TemplateAmbiguous 012345670123 without quotes is an octal number; write '012345670123' if the text is meant",
      "stack.yaml:6:14 TemplateAmbiguous 22:22 without quotes is a base-60 number; write '22:22' if the text is meant",
    ]);
  });
});

describe('bad input is refused with its place', () => {
  test.each([
    ['broken YAML', 'Resources:\n  A: [1, 2\n', ['3:1 TemplateSyntax']],
    ['two keys', 'Resources: {}\nResources: {}\n', ['2:1 TemplateDuplicateKey']],
    ['two documents', 'Resources: {}\n---\nResources: {}\n', ['2:1 TemplateSyntax']],
    ['empty', '\n', ['1:1 TemplateEmpty']],
    ['a list', '- 1\n', ['1:1 TemplateSyntax']],
    ['unknown tag', resource('      V: !Reff Stage\n'), ['5:16 TemplateUnknownTag']],
    ['GetAtt without attribute', resource('      V: !GetAtt A\n'), ['5:18 TemplateSyntax']],
    ['merge key', resource('      <<: {}\n'), ['5:7 TemplateYamlFeature']],
    ['binary', resource('      V: !!binary aGk=\n'), ['5:19 TemplateYamlFeature']],
    ['alias before anchor', resource('      V: *x\n'), ['5:10 TemplateSyntax']],
    ['no resources', 'Resources: {}\n', ['1:1 TemplateNoResources']],
    ['no type', 'Resources:\n  A: {}\n', ['2:3 TemplateShape']],
    [
      'unknown attribute',
      'Resources:\n  A:\n    Type: AWS::SQS::Queue\n    Propertys: {}\n',
      ['4:5 TemplateUnknownAttribute'],
    ],
    ['unknown section', 'Resource: {}\nResources: {A: {Type: "AWS::SQS::Queue"}}\n', ['1:1 TemplateUnknownSection']],
    ['unresolved Ref', resource('      V: !Ref Nope\n'), ['5:7 TemplateUnresolved']],
    ['unresolved Sub', resource('      V: !Sub "${Nope.Arn} ${!literal} ${A.Arn}"\n'), ['5:7 TemplateUnresolved']],
    ['unresolved GetAtt', resource('      V: !GetAtt Nope.Arn\n'), ['5:7 TemplateUnresolved']],
    ['unknown condition', resource('      V: !If [Nope, 1, 2]\n'), ['5:7 TemplateUnresolved']],
  ])('%s', (_name, text, expected) => {
    expect(codes(text)).toEqual(expected);
  });

  test('names a near miss', () => {
    const result = read(`Parameters:\n  Stage: {Type: String}\n${resource('      V: !Ref Stagee\n')}`);
    expect(checkTemplate(result).map(problemText)).toEqual([
      'stack.yaml:7:7 TemplateUnresolved no parameter or resource Stagee (did you mean "Stage"?)',
    ]);
  });

  test('a deep file and a growing file end as problems', () => {
    expect(read(`Resources: ${'['.repeat(50_000)}`).problems[0]?.code).toMatch(/TemplateTooDeep|TemplateSyntax/);
    const bomb = ['a: &a [1,1,1,1,1,1,1,1,1,1]'];
    for (let i = 0; i < 7; i += 1) {
      const last = String.fromCharCode(97 + i);
      bomb.push(
        `${String.fromCharCode(98 + i)}: &${String.fromCharCode(98 + i)} [${Array(10).fill(`*${last}`).join(',')}]`,
      );
    }
    expect(read(bomb.join('\n')).problems.map((problem) => problem.code)).toContain('TemplateTooLarge');
    expect(read('#'.repeat(1024 * 1024 + 1)).problems[0]?.code).toBe('TemplateTooLarge');
  });

  test('names are not checked where a macro will rewrite the template', () => {
    expect(codes(`Transform: AWS::Serverless-2016-10-31\n${resource('      V: !Ref FnRole\n')}`)).toEqual([]);
  });
});

test('aliases are followed', () => {
  expect(propertiesOf(resource('      V: &x {a: 1}\n      W: *x\n'))).toEqual({ V: { a: 1 }, W: { a: 1 } });
});

test('JSON with tabs is read with positions', () => {
  const text = '{\n\t"Resources": {\n\t\t"A": {"Type": "AWS::SQS::Queue", "Properties": {"V": {"Ref": "B"}}}\n\t}\n}';
  expect(codes(text)).toEqual(['3:51 TemplateUnresolved']);
});

test('reading JSON gives what JSON.parse gives', () => {
  const key = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((name) => name !== '<<' && name !== '__proto__');
  const tree = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.string({ unit: 'grapheme' }),
      tie('list'),
      tie('map'),
    ),
    list: fc.array(tie('value'), { maxLength: 4 }),
    map: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  }));
  fc.assert(
    fc.property(fc.dictionary(key, tree.value, { minKeys: 1, maxKeys: 4 }), (value) => {
      const text = JSON.stringify(value, null, 2);
      const result = read(text);
      expect(result.problems).toEqual([]);
      expect(result.template).toEqual(JSON.parse(text));
    }),
  );
});

test('any text gives problems or a template, never an exception', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 60, unit: fc.constantFrom(...'!&*<:{}[]-"\'\n #|>RefSub1.$'.split('')) }),
      (text) => {
        const result = read(text);
        expect(result.template !== undefined || result.problems.length > 0).toBe(true);
        checkTemplate(result);
      },
    ),
    { numRuns: 500 },
  );
});

test.each([
  ['version', { AWSTemplateFormatVersion: '2010-09-09' }, true],
  ['resources', { Resources: { A: { Type: 'AWS::SQS::Queue' } } }, true],
  ['Kubernetes object', { apiVersion: 'v1', kind: 'ConfigMap', Resources: { A: { Type: 'A::B' } } }, false],
  ['something else', { Resources: { A: { Type: 'queue' } } }, false],
  ['no resources', { Resources: {} }, false],
  ['text', 'Resources', false],
])('looks like a template: %s', (_name, value, expected) => {
  expect(looksLikeTemplate(value)).toBe(expected);
});

test('parameters of the configuration are compared with the template', () => {
  const template = read(
    `Parameters:\n  Stage: {Type: String}\n  Size: {Type: Number, Default: 1}\n${resource('      V: 1\n')}`,
  ).template!;
  const at = { file: 'holdfast.yaml', line: 3, column: 5 };
  expect(checkParameters(template, { Stag: 'x' }, at).map(problemText)).toEqual([
    'holdfast.yaml:3:5 StackParameterUnknown the template has no parameter Stag (did you mean "Stage"?)',
    'holdfast.yaml:3:5 StackParameterMissing parameter Stage has no default and no value',
  ]);
  expect(checkParameters(template, { Stage: 'x', Size: '2' }, at)).toEqual([]);
});

test('a Sub with ten thousand names is read and checked in one go', () => {
  const names = Array.from({ length: 10_000 }, (_, index) => (index % 2 === 0 ? '${A}' : '${AWS::Region}'));
  const result = read(resource(`      V: !Sub "${names.join('')}"\n`));
  expect([...result.problems, ...checkTemplate(result)]).toEqual([]);
});
