/**
 * What tenants keep in the gateway's database: looked at and told once an hour, for their bills.
 */
@NullMarked
package dev.cofferdam.gateway.storage;

import org.jspecify.annotations.NullMarked;
