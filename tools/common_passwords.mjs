// Writes the C++ of the list of common passwords: node tools/common_passwords.mjs LEAST NAMESPACE OUT.cpp
// The list is zxcvbn-ts's (npm @zxcvbn-ts/language-common, MIT); what is shorter than LEAST is refused for that already.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { dictionary } from '@zxcvbn-ts/language-common';

const [least, namespace, out] = process.argv.slice(2);
const wanted = dictionary['passwords-common'].filter((word) => word.length >= Number(least) && /^[!-~]+$/.test(word));
// By bytes, as the program compares.
const words = [...new Set(wanted)].sort((a, b) => (a < b ? -1 : 1));
const text = words.map((word) => `${word}\n`).join('');
await mkdir(dirname(out), { recursive: true });
await writeFile(out, `// Made by tools/common_passwords.mjs.
#include <string_view>
#pragma clang diagnostic ignored "-Woverlength-strings"
namespace ${namespace} {
extern const std::string_view kCommonPasswords;
const std::string_view kCommonPasswords = R"list(${text})list";
}  // namespace ${namespace}
`);
