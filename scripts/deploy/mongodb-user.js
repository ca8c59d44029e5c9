// Run once by the image when its data folder is empty: the service's own user, for its own database alone.

db.getSiblingDB("union_station").createUser({
  user: "union_station",
  pwd: process.env.MONGODB_PASSWORD,
  roles: [
    { role: "readWrite", db: "union_station" },
    { role: "dbAdmin", db: "union_station" },
  ],
});
