-- Attempts of which the caller was not told: what is another's was answered like what nobody has. They are for operators,
-- or a tenant could read in its own records whose names exist.
alter policy visible on leaves using (is_visible(tenant)
  and (operation <> 'hidden_violation' or current_setting('cofferdam.view', true) = 'everybody'));
