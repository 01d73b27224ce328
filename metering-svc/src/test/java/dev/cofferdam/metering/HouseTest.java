package dev.cofferdam.metering;

import dev.cofferdam.mesh.HouseRules;
import org.junit.jupiter.api.Test;

class HouseTest {
  @Test
  void theServiceFollowsTheRulesOfTheHouse() {
    HouseRules.check("dev.cofferdam.metering");
  }
}
