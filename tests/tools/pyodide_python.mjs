// A Python made of WebAssembly, started as any other is:
//
//     node pyodide_python.mjs FOLDER [-OPTION ...] SCRIPT [ARGUMENT ...]
//
// FOLDER has Pyodide, see fetch_pyodide.py. Its disk is in memory: the files beside the script are
// copied into it, and the file that the last argument names is copied out of it. There are no
// processes and no threads.

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [folder, ...rest] = process.argv.slice(2);
const options = rest.slice(0, rest.findIndex((each) => !each.startsWith("-")));
const [script, ...args] = rest.slice(options.length);
const out = args.at(-1);

const { loadPyodide } = await import(pathToFileURL(path.join(folder, "pyodide.mjs")));
const pyodide = await loadPyodide({ args: options, env: { ...process.env } });
pyodide.setStdout({ write: (data) => fs.writeSync(1, data) });
pyodide.setStderr({ write: (data) => fs.writeSync(2, data) });

for (const entry of fs.readdirSync(path.dirname(script), { withFileTypes: true })) {
  if (entry.isFile()) {
    const name = path.join(path.dirname(script), entry.name);
    pyodide.FS.mkdirTree(path.dirname(name));
    pyodide.FS.writeFile(name, fs.readFileSync(name));
  }
}
pyodide.FS.mkdirTree(process.cwd());
pyodide.FS.chdir(process.cwd());

let code = 0;
try {
  pyodide.pyimport("sys").argv = pyodide.toPy([script, ...args]);
  pyodide.runPython(fs.readFileSync(script, "utf-8"), { filename: script });
} catch (error) {
  fs.writeSync(2, error.message + "\n");
  code = 1;
}
if (out && pyodide.FS.analyzePath(out).exists) {
  fs.writeFileSync(out, pyodide.FS.readFile(out));
}
process.exit(code);
