// npm's `s3rver`, with one bucket in a folder. Says where it is.
const [, , module, folder, bucket] = process.argv;
const { default: S3rver } = await import(module);
const server = new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory: folder, configureBuckets: [{ name: bucket }] });
const { port } = await server.run();
console.log(`http://127.0.0.1:${port}`);
