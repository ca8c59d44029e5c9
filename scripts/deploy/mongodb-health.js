// Healthy is a primary that takes writes. The first time, nobody has made the replica set yet: so this does.

const client = connect(
  `mongodb://root:${encodeURIComponent(process.env.MONGO_INITDB_ROOT_PASSWORD)}@127.0.0.1:27017/admin?directConnection=true`,
);
if (!client.hello().setName) {
  client.adminCommand({ replSetInitiate: { _id: "rs0", members: [{ _id: 0, host: "mongodb:27017" }] } });
}
quit(client.hello().isWritablePrimary ? 0 : 1);
