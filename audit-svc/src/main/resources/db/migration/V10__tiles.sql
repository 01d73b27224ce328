-- Of the tree, only the entries of tiles are kept: the hashes of leaves (with their records), the roots of 256 leaves,
-- of 65,536, and so on. The levels between are hashed from them.
alter table nodes disable trigger nodes_append_only;
delete from nodes where level % 8 <> 0;
alter table nodes add constraint nodes_of_tiles check (level % 8 = 0);
alter table nodes enable trigger nodes_append_only;
