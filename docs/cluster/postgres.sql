-- The tables in which SocketSync's nodes keep who owns what, for a database whose user may not make tables.
-- Orleans, which tells the nodes of each other, has tables of its own.
-- Run it as a user who may, and then, for the user of Cluster:Store:Postgres:
--   GRANT SELECT, INSERT, UPDATE ON socketsync_lease, socketsync_secret, socketsync_node TO the_user;
-- Rows are never deleted: a resource whose row is missing waits as if somebody owned it.

CREATE TABLE IF NOT EXISTS socketsync_lease (
    id text NOT NULL,
    resource text NOT NULL,
    node text NOT NULL,
    instance text NOT NULL,
    epoch bigint NOT NULL,
    released boolean NOT NULL,
    version text NOT NULL,
    PRIMARY KEY (id, resource)
);

CREATE TABLE IF NOT EXISTS socketsync_secret (
    id text PRIMARY KEY,
    secret bytea NOT NULL
);

CREATE TABLE IF NOT EXISTS socketsync_node (
    id text NOT NULL,
    node text NOT NULL,
    PRIMARY KEY (id, node)
);
