/** What tenants keep, by the tables of the gateway's database. */
@NullMarked
package dev.cofferdam.gateway.storage.postgres;

import org.jspecify.annotations.NullMarked;
