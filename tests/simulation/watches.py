"""What a schedule notes by itself while it is played, in the transaction that does it."""

from __future__ import annotations

WATCHES = """
CREATE TABLE seen (what TEXT);
CREATE TRIGGER quota_passed AFTER UPDATE OF today_export_count ON accounts
WHEN NEW.today_export_count>NEW.daily_export_limit
  AND (NEW.today_export_count>OLD.today_export_count OR NEW.quota_day<>OLD.quota_day)
BEGIN INSERT INTO seen VALUES ('account ' || NEW.id || ' counts ' || NEW.today_export_count
  || ', more than ' || NEW.daily_export_limit); END;
CREATE TRIGGER row_moved AFTER UPDATE OF export_log_id ON influencers
WHEN OLD.export_log_id IS NOT NULL AND NEW.export_log_id IS NOT OLD.export_log_id
BEGIN INSERT INTO seen VALUES ('row ' || NEW.id || ' leaves segment ' || OLD.export_log_id); END;
CREATE TRIGGER sealed_grown AFTER UPDATE OF exported_count ON export_logs
WHEN OLD.state='sealed'
BEGIN INSERT INTO seen VALUES ('segment ' || NEW.id || ' grows though it is sealed'); END;
"""
