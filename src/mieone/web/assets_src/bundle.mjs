// Called by mieone.web.build: one esbuild run a group of entries; prints the two metafiles as JSON.
import { build } from "esbuild";

const { outdir, groups } = JSON.parse(process.argv[2]);
const metas = [];
for (const entryPoints of groups) {
  const { metafile } = await build({
    entryPoints,
    outdir,
    bundle: true,
    minify: true,
    metafile: true,
    format: "esm",
    target: "es2022",
    loader: { ".woff2": "file", ".woff": "empty" },
    entryNames: "[name]-[hash]",
    assetNames: "fonts/[name]-[hash]",
    legalComments: "none",
    logLevel: "warning",
  });
  metas.push(metafile);
}
process.stdout.write(JSON.stringify(metas));
