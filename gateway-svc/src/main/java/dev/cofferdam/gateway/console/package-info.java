/**
 * Pages for people: operators see the fleet, tenants, fairness, costs and the way of any request; a
 * tenant sees its own. The certificate says whose pages they are, nothing that is asked does.
 */
@NullMarked
package dev.cofferdam.gateway.console;

import org.jspecify.annotations.NullMarked;
