-- A search reads the terms of all of a tenant's passages: in place and as they are, so that the text goes elsewhere.
alter table passages alter column terms set storage main;
