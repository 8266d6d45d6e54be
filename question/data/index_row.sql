-- One row for every patient, infused or not: p the patient, i the first qualifying infusion, c its course.
-- Qualifying: it has a date. First: earliest date; ties by infusion_no, then infusion_id (a key, so exactly one is left).
-- The course must be the same patient's, so that no other patient's rows can reach this one's cell.
FROM patient p
LEFT JOIN infusion i ON i.infusion_id = (
    SELECT f.infusion_id FROM infusion f
    WHERE f.patient_id = p.patient_id AND f.infusion_date IS NOT NULL
    ORDER BY f.infusion_date, f.infusion_no, f.infusion_id LIMIT 1)
LEFT JOIN course c ON c.course_id = i.course_id AND c.patient_id = p.patient_id
