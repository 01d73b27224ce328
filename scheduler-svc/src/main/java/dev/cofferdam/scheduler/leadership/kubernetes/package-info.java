/**
 * Leases as {@code coordination.k8s.io/v1} objects, one for each pool, so that a cluster needs no
 * Redis for its schedulers.
 *
 * <p>Four calls (read, create, replace, and replace again to give back) go through Vert.x' HTTP
 * client, which the service has anyway, for its pages and Redis. A client library of Kubernetes
 * would bring models of every resource, a mapper by reflection and a client of its own for that, in
 * a native executable, too; its leader election runs one loop for one lease and keeps the term to
 * itself, where claims of many pools are asked for here. {@code java.net.http} would do as well,
 * with a second client and threads in the process and without a way to take over a bundle of
 * authorities that changes.
 */
@NullMarked
package dev.cofferdam.scheduler.leadership.kubernetes;

import org.jspecify.annotations.NullMarked;
