# Dòng lệnh: trợ giúp, câu trả lời, đầu bảng.
loa-about = Phát chương trình truyền thanh đúng giây, không cần người trực, và giữ nhật ký chứng minh được đã phát gì.
loa-after =
    Mã kết thúc: 0 xong; 1 câu trả lời là không; 2 dùng sai hoặc cấu hình sai; 3 máy hỏng (đĩa, thiết bị).
    Bắt đầu: loa init → đặt lịch và âm thanh → loa check → loa approve → loa run. Xem README.md.
arg-dir = Thư mục của đài (config/ schedules/ media/ data/)
arg-json = In JSON ra đầu ra chuẩn, ngoài ra không in gì khác
arg-lang = Ngôn ngữ: vi hoặc en (mặc định theo LANG, rồi vi)

typed-unknown = Thừa `{ $arg }`.
    .hint = Gõ `{ $usage }`, hoặc xem `{ $help }`.
typed-unknown-near = Không có tùy chọn `{ $arg }`; có lẽ là `{ $near }`.
    .hint = Gõ `{ $usage }`, hoặc xem `{ $help }`.
typed-elsewhere = `{ $arg }` không đứng trước lệnh mà đứng sau: `{ $there }`.
    .hint = Xem `{ $help }`.
typed-dash = `{ $arg }` bắt đầu bằng dấu gạch nên không được hiểu là giá trị.
    .hint = Giá trị của một tùy chọn thì viết liền bằng dấu bằng, như --text={ $arg }. Xem `{ $help }`.
typed-no-verb = Không có lệnh `{ $verb }`.
    .hint = Xem `{ $help }`.
typed-no-verb-near = Không có lệnh `{ $verb }`; có lẽ là `{ $near }`.
    .hint = Xem `{ $help }`.
typed-verb-missing = Sau `{ $verb }` còn thiếu một lệnh: { $verbs }.
    .hint = Xem `{ $help }`.
typed-missing = Còn thiếu { $args }.
    .hint = Gõ `{ $usage }`, hoặc xem `{ $help }`.
typed-twice = `{ $arg }` chỉ được ghi một lần.
    .hint = Gõ `{ $usage }`, hoặc xem `{ $help }`.
typed-conflict = `{ $arg }` không dùng cùng với `{ $other }`.
    .hint = Gõ `{ $usage }`, hoặc xem `{ $help }`.
typed-no-value = `{ $arg }` cần một giá trị.
    .hint = Xem `{ $help }`.
typed-choice = `{ $arg }` không nhận `{ $value }`, chỉ nhận: { $choices }.
    .hint = Xem `{ $help }`.
typed-no-number = `{ $value }` không dùng được cho `{ $arg }`: ở đây phải là một số nguyên không âm, không quá lớn.
    .hint = Xem `{ $help }`.
typed-unlike = `{ $value }` không dùng được cho `{ $arg }`; viết như `{ $examples }`.
    .hint = Xem `{ $help }`.
typed-value = `{ $value }` không dùng được cho `{ $arg }` ({ $detail }).
    .hint = Xem `{ $help }`.
typed-otherwise = Lệnh gõ sai: { $detail }.
    .hint = Xem `{ $help }`.

help-usage = Cách dùng:
help-verbs = Lệnh
help-arguments = Tham số
help-options = Tùy chọn
help-default = [mặc định: { $value }]
help-choices = [một trong: { $values }]
arg-help = In trợ giúp; --help có thể nói rõ hơn -h
arg-version = In phiên bản

verb-init = Tạo thư mục của đài: cấu hình mẫu, khóa, nhật ký trống
verb-init-more = Chỉ bổ sung những gì còn thiếu. Từ chối nếu đã có nhật ký hoặc khóa của đài: một đài không được có hai nhật ký.
verb-copy = Chép lịch một tháng thành bản nháp cho tháng khác (chưa duyệt)
verb-check = Giải mã trọn từng tệp, kiểm tra lịch, khung giờ, thời lượng, nội dung, phê duyệt
verb-check-more = Không ghi tháng nào thì kiểm tra mọi tháng có trong schedules/. Kết thúc bằng mã 1 nếu chưa sẵn sàng.
verb-approve = Duyệt lịch tháng cùng toàn bộ tệp âm thanh: ký lên mã băm của chúng
verb-rehearse = Chạy thử cả tháng với đồng hồ giả, với tốc độ tối đa; không bao giờ là bằng chứng
verb-run = Chạy thường trực: lập lịch, phát, ghi nhật ký
verb-air = Phát ngay một chương trình bằng tay và ghi nhật ký như vậy
verb-stop = Nút dừng: ngắt tiếng đang phát, có thể tạm dừng đến một giờ (tối đa 24 giờ)
verb-release = Bỏ tạm dừng
verb-cancel = Hủy một lượt phát sắp tới, có lý do (quốc tang, bão…)
verb-clock = Đồng hồ của máy
verb-clock-confirm = Xác nhận giờ của máy là đúng khi loa không dám tin
verb-status = Đang phát gì, lượt kế tiếp, thiết bị, đồng hồ, đĩa, nhật ký
verb-log = Các lượt phát đã ghi, với giờ đo được chứ không phải giờ định trước
verb-note = Ghi lời giải thích bên cạnh một lượt phát
verb-correct = Ghi đính chính trỏ tới một mục cũ; mục cũ giữ nguyên
verb-verify = Kiểm tra nhật ký từ chính các byte của nó, không cần mạng
verb-doctor = Thử trước những gì thử được: thiết bị, đồng hồ, đĩa, quyền, cấu hình

arg-copy-from = Tháng nguồn, ví dụ 2022-03 hoặc 2022-03.ward
arg-copy-to = Tháng mới, ví dụ 2022-04 hoặc 2022-04.ward
arg-months = Các tháng, ví dụ 2022-03 (kèm lịch riêng của phường, xã nếu có); 2022-03.ward là riêng lịch của phường, xã
arg-month = Tháng, ví dụ 2022-03; 2022-03.ward là lịch riêng của phường, xã
arg-rehearse-month = Tháng, ví dụ 2022-03 (kèm lịch riêng của phường, xã nếu có), hoặc riêng 2022-03.ward
arg-by = Họ tên người thực hiện
arg-document = Số văn bản phê duyệt
arg-key = Tệp khóa ký (mặc định: khóa phê duyệt của đài)
arg-days = Chỉ chạy thử chừng này ngày đầu tháng
arg-faults = Cắt điện giả ở những lúc theo số mầm ngẫu nhiên này
arg-output = Đầu ra: pulse:TÊN, alsa:TÊN, wav:TỆP hoặc default
arg-programme = Mã chương trình trong lịch, ví dụ cchc
arg-test = Phát thử: được đánh dấu, không bao giờ tính
arg-reason = Lý do, bằng lời
arg-hold-until = Không phát gì trước giờ này: 17:30, 2022-03-05 17:30 hoặc RFC 3339
arg-slot = Lượt phát, ví dụ 2022-03/cchc/2022-03-05T05:30:00
arg-log-from = Từ ngày này (tính cả ngày đó), ví dụ 2022-03-01
arg-log-to = Đến hết ngày này
arg-outcome = Chỉ kết quả này: full, partial, missed, preempted, out-of-window, cancelled, test
arg-text = Nội dung
arg-entry = Số thứ tự của mục cần đính chính
arg-codes = Mã ngắn trong sổ trực mà nhật ký phải từng có; có thể nêu nhiều lần
arg-init-id = Mã của đài hoặc trung tâm, chữ thường không dấu; nằm trong tên nhật ký và khóa nên không đổi về sau
arg-init-new-epoch = Nhật ký cũ không ghi tiếp được: giữ lại nguyên và mở kỳ nhật ký mới
arg-init-by = Họ tên người mở kỳ nhật ký mới
arg-init-reason = Vì sao, bằng lời
arg-qr = Vẽ thêm điểm kiểm đã ký thành mã QR để chụp lại
arg-target = Thư mục của đài hoặc gói chứng cứ (mặc định: --dir)
arg-keys = Khóa công khai của đài hoặc của bên xác nhận chéo; có thể nêu nhiều lần (mặc định: data/keys/station.pub)
arg-tone = Phát một âm thử 1 giây ra loa

severity-error = lỗi
severity-warning = cảnh báo
severity-note = lưu ý
hint = cách xử lý

init-made = đã tạo { $file }
init-keys =
    Khóa công khai của nhật ký (giao cho nơi giám sát): { $station }
    Khóa phê duyệt (ghi vào [trust] của config/station.toml nếu đài tự duyệt): { $approval }
init-exists = Đã có `{ $file }`: đài này có nhật ký hoặc khóa rồi.
    .hint = Dùng thư mục khác, hoặc giữ nguyên và chạy loa run; nhật ký hỏng hay mất: loa init --new-epoch.
init-other = `{ $file }` đã ghi mã `{ $found }`, không phải `{ $id }`.
    .hint = Bỏ --id, hoặc sửa `id` trong tệp đó trước khi có nhật ký.
copy-done = Đã tạo bản nháp { $file }; kiểm tra, sửa rồi duyệt.
copy-left-out = Bỏ qua những giờ mà tháng mới không có: { $times }
copy-exists = Đã có `{ $file }`.
    .hint = Xóa hoặc đổi tên tệp đó trước nếu muốn làm lại bản nháp.

check-working = Đang giải mã và đo
check-programme = Chương trình { $id }: { $title }
check-whole = Toàn chương trình: { $length }, { $lufs } LUFS, đỉnh { $peak } dBTP
check-ready = { $month }: SẴN SÀNG, { $slots } lượt phát tại đài này.
check-not-ready = { $month }: CHƯA SẴN SÀNG ({ $slots } lượt phát tại đài này).
head-segment = Tiết mục
head-file = Tệp
head-format = Định dạng
head-length = Thời lượng
head-lufs = LUFS
head-dbtp = dBTP

month-missing = Không có lịch `{ $file }`.
    .hint = Tạo bằng loa copy THÁNG-CŨ THÁNG-MỚI, hoặc chép lịch của trung tâm vào đó.
config-missing = Không có tệp `{ $file }`.
    .hint = Chạy loa init trong thư mục của đài, hoặc chỉ đúng thư mục bằng --dir.
config-outside = Đường dẫn `{ $file }` ra ngoài thư mục của đài.
    .hint = Ghi đường dẫn tương đối, không có `..`.
approve-untrusted = Đài này không tin cậy khóa `{ $key }`.
    .hint = Ghi khóa đó vào approvers ở phần [trust] của config/station.toml.
approve-done =
    { $by } đã duyệt { $month }: { $file }
    Mã băm: { $digest }

log-missing = Thư mục này chưa có nhật ký hoặc khóa của đài.
    .hint = Chạy loa init một lần.
folder-held = Một tiến trình loa khác đang giữ thư mục `{ $folder }`.
    .hint = Chỉ một loa run cho mỗi thư mục; xem loa status.
daemon-unclear = Câu trả lời của tiến trình ở `{ $socket }` không đọc được.
    .hint = Có thể hai phiên bản loa khác nhau đang chạy; khởi động lại dịch vụ.
time-unclear = Không hiểu giờ `{ $time }`.
    .hint = Viết 17:30, 2022-03-05 17:30 hoặc 2022-03-05T17:30:00+07:00.

air-begun = Đang chuẩn bị phát { $programme } của { $month }.
air-busy = Đang phát hoặc sắp phát một chương trình.
    .hint = Chờ hết chương trình, hoặc dừng bằng loa stop --reason.
air-held = Đang tạm dừng đến { $until }.
    .hint = Bỏ tạm dừng bằng loa release.
clock-stepped = Đồng hồ nhảy { $seconds } giây mà chưa đồng bộ.
    .hint = Chỉnh giờ rồi chờ máy đồng bộ (timedatectl). Không có mạng thì so với đồng hồ chuẩn rồi xác nhận ở trang Đang phát, hoặc: loa clock confirm --by "HỌ TÊN".
clock-behind = Đồng hồ đứng trước mục cuối của nhật ký ({ $entry }).
    .hint = Chỉnh giờ rồi chờ máy đồng bộ (timedatectl). Không có mạng thì so với đồng hồ chuẩn rồi xác nhận ở trang Đang phát, hoặc: loa clock confirm --by "HỌ TÊN".
clock-ahead = Đồng hồ đi trước mục cuối của nhật ký ({ $entry }) hơn một năm mà chưa đồng bộ.
    .hint = Chỉnh giờ rồi chờ máy đồng bộ (timedatectl). Không có mạng thì so với đồng hồ chuẩn rồi xác nhận ở trang Đang phát, hoặc: loa clock confirm --by "HỌ TÊN".
clock-before-release = Đồng hồ đứng trước ngày phát hành phần mềm này.
    .hint = Chỉnh giờ rồi chờ máy đồng bộ (timedatectl). Không có mạng thì so với đồng hồ chuẩn rồi xác nhận ở trang Đang phát, hoặc: loa clock confirm --by "HỌ TÊN".
clock-unconfirmed = Đồng hồ đã bị nghi sai từ trước và chưa ai xác nhận.
    .hint = Chỉnh giờ rồi chờ máy đồng bộ (timedatectl). Không có mạng thì so với đồng hồ chuẩn rồi xác nhận ở trang Đang phát, hoặc: loa clock confirm --by "HỌ TÊN".
clock-confirmed = Đã ghi nhận: đồng hồ đúng, bây giờ là { $now }.
clock-not-doubted = Không ai nghi ngờ đồng hồ: bây giờ là { $now }.
air-quiet-hours = Ngoài khung giờ được phép phát, hoặc chương trình không vừa phần còn lại của khung giờ.
    .hint = Phát trong khung giờ ở config/station.toml, hoặc phát ra tệp bằng --output wav:TỆP.
air-slot-near = Lượt phát { $slot } sắp đến; phát bây giờ sẽ lấn giờ.
    .hint = Phát sau lượt đó.
stop-done = Đã dừng.
stop-held = Đã dừng; không phát gì đến { $until }.
stop-nothing = Không có gì đang phát.
hold-too-long = Không tạm dừng được đến { $until }.
    .hint = Chọn một giờ trong 24 giờ tới.
release-done = Đã bỏ tạm dừng.
release-nothing = Không có tạm dừng nào.
cancel-done = Đã hủy { $slot }.
cancel-make-good = Không phát bù { $slot } nữa.
cancel-unknown = Không có lượt phát sắp tới nào tên `{ $slot }`.
    .hint = Xem loa status, hoặc lượt đó đã có kết quả: loa log.
note-done = Đã ghi, mục số { $entry }.
correct-done = Đã ghi đính chính, mục số { $entry }.
prepare-unreadable = Không đọc được lịch `{ $file }`.
    .hint = Chạy loa check để xem lỗi.
prepare-no-programme = Lịch không có chương trình `{ $programme }`.
    .hint = Xem mã chương trình bằng loa check.

rehearse-working = Đang chạy thử
rehearse-done = Chạy thử { $month }: { $slots } lượt, { $full } phát đủ, phát bù { $made_good }, trong { $seconds } giây. Đây không phải là bằng chứng.
log-empty = Không có lượt phát nào trong khoảng này.
log-open = chưa kết thúc
head-slot = Lượt phát
head-start = Bắt đầu
head-error = Sai số
head-consumed = Đã phát
head-outcome = Kết quả
head-reason = Lý do
head-proof = Chứng minh
manual = phát tay
make-good = phát bù
verify-whole = Nhật ký nguyên vẹn: { $size } mục, gốc { $root }.
verify-broken = Nhật ký KHÔNG đạt: { $count } lỗi trong { $size } mục.
verify-entry = mục { $entry }
verify-witnessed = Xác nhận chéo bởi: { $keys }.
verify-witnessed-to = Nhân chứng { $by } đã thấy { $size } mục đầu của nhật ký lúc { $at } (mục { $entry }); { $behind } mục sau đó chưa có nhân chứng nào thấy.
verify-anchors-unchecked = { $count } xác nhận của nhân chứng không kiểm tra được: thiếu phần nhật ký hoặc cấu hình mà các xác nhận đó dựa vào.
verify-not-signed = Các khóa đã cho nhưng không ký: { $keys }.
verify-unknown = { $count } mục thuộc loại do phiên bản phần mềm mới hơn ghi: không bị sửa nhưng phiên bản này không hiểu.

status-line = Đài { $station }, { $at }
status-stopped = loa không chạy; thông tin đọc từ thư mục.
status-on-air = { $state }: { $programme }, { $position } / { $length }
status-state-preparing = Đang chuẩn bị phát
status-state-armed = Chờ đến giờ phát
status-state-on-air = Đang phát
status-idle = Không có gì đang phát.
status-next = Lượt kế tiếp: { $slot }, còn { $time }
status-next-days = Lượt kế tiếp: { $slot }, còn { $days } ngày { $time }
status-make-good = Phát bù lúc { $at }: { $slot }
status-no-next = Không có lượt phát nào sắp tới.
status-hold = Tạm dừng đến { $until }
status-device = Thiết bị: { $state } – { $detail }
status-clock = Đồng hồ: { $state } – { $detail }
status-disk = Đĩa: { $state } – { $detail }
status-centre = Trung tâm: { $state } – { $detail }
status-log = Nhật ký: { $size } mục; mã để chép vào sổ trực: { $code }

doctor-config = Cấu hình
doctor-log = Nhật ký và khóa
doctor-permissions = Quyền tệp
doctor-disk = Đĩa
doctor-clock = Đồng hồ
doctor-device = Thiết bị âm thanh
doctor-second = Đầu ra thứ hai
doctor-devices = Thiết bị thấy được:
doctor-ok = tốt
doctor-warning = cần xem
doctor-error = hỏng
doctor-unknown = chưa biết
doctor-ready = sẵn sàng
outcome-unknown = Không có kết quả nào tên `{ $outcome }`.
    .hint = Dùng: full, partial, missed, preempted, out-of-window, cancelled, test.
day-unclear = Không hiểu ngày `{ $day }`.
    .hint = Viết như 2022-03-05.

approval-missing = Lịch này chưa được duyệt.
    .hint = Nghe, kiểm tra rồi duyệt: loa approve THÁNG --by HỌ-TÊN.
approval-untrusted = Phê duyệt không do khóa nào mà đài này tin cậy ký.
    .hint = Duyệt lại bằng khóa có trong approvers ở phần [trust] của config/station.toml, hoặc trong tệp tin cậy đang dùng.
approval-unreadable = Phê duyệt hỏng ở dòng { $line }.
    .hint = Duyệt lại bằng loa approve.
approval-value = Không ghi được `{ $value }` vào phê duyệt: phải là một dòng chữ.
    .hint = Bỏ ký tự xuống dòng hoặc ký tự điều khiển.
survey-panicked = Lỗi phần mềm khi đọc lịch.
prepare-replaced = Lịch `{ $file }` vừa được thay và chưa được nhận.
air-refused = Không phát được: { $reason }.
check-nothing = Không có lịch tháng nào trong thư mục.
    .hint = Đặt tệp THÁNG.toml vào schedules/.
output-unclear = Đầu ra `{ $output }` không đúng dạng.
    .hint = Dùng pulse:TÊN, alsa:TÊN, wav:TỆP hoặc default; xem tên bằng loa doctor.
key-unclear = `{ $key }` không phải khóa công khai.
    .hint = Dùng nội dung của data/keys/station.pub.

lamp-clock-synchronised = đã đồng bộ, sai số tối đa ±{ $ms } ms
lamp-clock-unsynchronised = chưa đồng bộ
    .hint = Nối mạng để máy tự chỉnh giờ; nếu máy hay sai giờ sau khi tắt, thay pin trên bo mạch chủ.
lamp-disk-free = còn trống { $gb },{ $tenth } GB
    .hint = Giải phóng đĩa: xóa hoặc chuyển đi các tệp không thuộc đài; không xóa gì trong thư mục data.
lamp-disk-unwritten = đĩa không nhận thêm mục nhật ký, { $kept } lần ghi đang chờ: giải phóng đĩa hoặc kiểm tra ổ đĩa, đừng tắt máy
lamp-disk-unmeasured = không đo được chỗ trống
    .hint = Kiểm tra ổ đĩa và quyền đọc thư mục data; chạy `loa doctor`.
lamp-device-unknown = chưa thử lần nào
    .hint = Thử âm trong phần Cấu hình, hoặc chạy `loa doctor`.
lamp-device-stopped = phần mềm phát thanh không chạy nên chưa biết tình trạng thiết bị
    .hint = Khởi động đài: systemctl start loa.
lamp-device-probed = { $device }, thử tốt lúc { $at }
lamp-device-open = { $device }, đã mở từ { $at }
lamp-device-consuming = { $device }, đang nhận âm thanh từ { $at }
lamp-device-returned = { $device }, có lại từ { $at }, chưa ổn định
    .hint = Chờ vài giây; nếu còn lặp lại thì kiểm tra dây và cổng cắm của card âm thanh.
lamp-device-second = { $device } thay cho đầu ra thứ nhất từ { $at }
    .hint = Sửa hoặc cắm lại thiết bị thứ nhất; đài tự trở về khi lượt phát này xong.
lamp-device-unanswered = { $device } vẫn nhận âm thanh, nhưng từ { $at } không biết có ai nghe được hay không: máy chủ âm thanh không trả lời ({ $detail })
    .hint = Kiểm tra máy chủ âm thanh (PulseAudio hoặc PipeWire) có bị treo không; nghe thử tại loa.
lamp-device-consumed = nhận âm thanh lần cuối lúc { $at }
lamp-device-fault = { $fault ->
    [absent] không thấy thiết bị
    [busy] chương trình khác đang giữ thiết bị
    [lost] mất thiết bị
    [stalled] thiết bị không nhận âm thanh nữa
    [unpaced] thiết bị không chạy theo thời gian thật
    [dummy] thiết bị giả, không ai nghe được
    [moved] máy chủ âm thanh đã chuyển tiếng sang thiết bị khác
    [muted] máy chủ âm thanh đang tắt tiếng
    [filechanged] tệp khác bản đã kiểm tra
   *[software] lỗi phần mềm
    } { $device }, lúc { $at } { $detail }
    .hint = { $fault ->
        [absent] Cắm thiết bị và bật nguồn. Nếu vẫn báo, kiểm tra tên ở Cấu hình → Đài → Thiết bị âm thanh.
        [busy] Đóng chương trình đang giữ thiết bị.
        [dummy] Máy không thấy card âm thanh thật: kiểm tra card và trình điều khiển.
        [moved] Đặt lại thiết bị mặc định của máy chủ âm thanh; đài không phát vào thiết bị khác.
        [muted] Bật tiếng và tăng âm lượng của thiết bị; đài không tự bật vì có thể có người cố ý tắt.
        [filechanged] Chép lại tệp đã duyệt rồi kiểm tra chương trình tháng.
        [software] Báo cho người phụ trách kỹ thuật, kèm nhật ký hệ thống.
       *[lost] Kiểm tra dây, nguồn của âm ly và card âm thanh; thử bằng `loa doctor --tone`.
        }

doctor-config-faults = { $first } (tổng số { $faults } lỗi)
doctor-config-read = { $station } / { $unit }
doctor-failed = máy báo lỗi: { $detail }
doctor-clock-unsynchronised = chưa đồng bộ; chạy: timedatectl set-ntp true
doctor-log-whole = { $entries } mục, { $file }
doctor-log-other = nhật ký mang tên { $origin }, còn cấu hình ghi mã { $id }: ghi lại mã cũ vào config/station.toml; nếu đài chưa phát gì thì lập thư mục mới: loa init --id { $id }
doctor-log-faults = { $faults } lỗi; xem: loa verify
doctor-key-private = { $mode } { $file }
doctor-key-open = { $mode } { $file }: người khác đọc được khóa; chạy: chmod 600 { $file }
doctor-key-missing = không đọc được `{ $file }`: { $detail }
doctor-device-file = { $device } không phải loa: không phát ra tiếng
doctor-device-good = { $device } nhận âm thanh tốt
doctor-device-silent = { $device } không trả lời

log-lost = Không có nhật ký `{ $file }`.
    .hint = Đài mới: loa init. Nhật ký bị mất: loa init --new-epoch --by TÊN --reason LÝ-DO.
log-rolled-back = Nhật ký `{ $file }` có { $size } mục, trước đây đã có { $seen } mục: một bản cũ đã bị đặt lại.
    .hint = Đặt lại bản mới nhất nếu còn; nếu không: loa init --new-epoch --by TÊN --reason LÝ-DO.
log-forked = { $seen } mục đầu của nhật ký `{ $file }` không phải là những mục đã ghi.
    .hint = Đặt lại bản đúng nếu còn; nếu không: loa init --new-epoch --by TÊN --reason LÝ-DO.
log-damaged = Nhật ký `{ $file }` bị hỏng: { $detail }.
    .hint = Xem loa verify; đặt lại bản lành nếu còn, nếu không: loa init --new-epoch --by TÊN --reason LÝ-DO.
log-foreign = { $version ->
    [none] Tệp `{ $file }` không phải nhật ký của chương trình này.
   *[other] Nhật ký `{ $file }` có các bảng thuộc phiên bản { $version }, phiên bản loa này không biết.
    }
    .hint = Xem loa verify; đặt lại bản lành nếu còn, nếu không: loa init --new-epoch --by TÊN --reason LÝ-DO.
log-high-water = Tệp mức cao nhất `{ $file }` bị hỏng hoặc bị mất.
    .hint = Đặt lại tệp đó nếu còn; nếu không, xem loa verify rồi mở kỳ nhật ký mới: loa init --new-epoch --by TÊN --reason LÝ-DO.
log-other-key = Nhật ký `{ $file }` không do khóa của đài này ký.
    .hint = Đặt lại đúng khóa nếu còn; nếu không: loa init --new-epoch --by TÊN --reason LÝ-DO.
epoch-needless = Nhật ký `{ $file }` vẫn lành: không mở kỳ mới khi còn ghi tiếp được.
    .hint = Chạy loa run.
epoch-made = Mở kỳ nhật ký mới { $origin }; nhật ký cũ nằm ở { $kept }. Khóa công khai mới của đài: { $key }
epoch-endorsed = Khóa cũ đã ký xác nhận khóa mới.
epoch-not-endorsed = Không còn khóa cũ để xác nhận khóa mới: phải báo khóa mới cho người giám sát.
code-unclear = Mã `{ $code }` bị chép sai.
    .hint = Mã có dạng 1482-PQYM-V9MG-21W5-62PG-Z; ký tự cuối dùng để kiểm tra các ký tự trước. Hãy đối chiếu lại với sổ trực.
verb-export = Ghi chứng cứ của một khoảng thời gian thành một tệp mà ai cũng kiểm chứng được
verb-export-more =
    Tệp là một gói ZIP: các mục nhật ký, mã băm chứng minh chúng, điểm kiểm đã ký, lịch phát, phê duyệt, khóa công khai, bản tóm tắt để đọc và hướng dẫn kiểm chứng không cần loa.
    Không ghi --from, --to thì lấy cả nhật ký. Kiểm chứng: loa verify TỆP --key KHÓA.
arg-export-from = Từ ngày này (tính cả ngày đó), ví dụ 2022-03-01
arg-export-to = Đến hết ngày này
arg-export-output = Tệp sẽ ghi, ví dụ chung-cu-2022-03.zip
arg-audio = Kèm cả các tệp âm thanh đã duyệt
arg-force = Ghi đè lên tệp đã có
export-done = Đã ghi { $file } ({ $bytes } byte): { $held } trong { $size } mục nhật ký, { $rows } lượt phát.
export-root = Gốc: { $root }
export-exists = Tệp `{ $file }` đã tồn tại.
    .hint = Chọn tên khác, hoặc thêm --force để ghi đè.
export-without = Không kèm được `{ $file }`: ở đài không còn đúng nội dung của tệp này. Xem loa verify.
export-unsigned = Điểm kiểm của nhật ký không do khóa của đài ký, nên không lập được gói chứng cứ.
    .hint = Xem loa verify.
bundle-whole = Gói nguyên vẹn: có đủ { $size } mục, gốc { $root }.
bundle-part = Phần nhật ký trong gói nguyên vẹn: có { $held } trong { $size } mục ({ $stretches }), gốc { $root }. Gói không nói gì về các mục khác.
bundle-broken = Gói KHÔNG đạt: { $count } lỗi; có { $held } trong { $size } mục ({ $stretches }).
bundle-period = Theo bundle.json (không ai ký), gói giữ mọi mục của khoảng thời gian từ { $from } đến { $to }.
bundle-period-begin = đầu nhật ký
bundle-period-end = cuối nhật ký
bundle-slots-part = Đây là các lượt phát của khoảng thời gian đó theo những danh sách có trong gói; các mục không có trong gói có thể đã nhận thêm danh sách khác.
bundle-unlisted = Gói không có mục nào nhận hoặc từ chối lịch phát của { $months }: chỉ dựa vào gói thì không thể biết khi đó có lượt phát theo lịch hay không. Có thể đài không có lịch, cũng có thể mục đó đã bị lấy đi.
bundle-code-unchecked = Không đối chiếu được mã { $code } với phần nhật ký này: chưa thể nói đúng hay sai. Hãy yêu cầu toàn bộ nhật ký.
target-missing = Không có `{ $file }`.
    .hint = Cho thư mục của đài hoặc tệp do loa export ghi.
bundle-media-good = { $count } tệp âm thanh đúng bản đã duyệt.
bundle-unknown = Tệp `{ $file }` không thuộc gói chứng cứ: không đọc, không xét.
bundle-reading = summary.html, rows.json và media.json chỉ để đọc cho tiện, không phải chứng cứ và không được kiểm ở đây.
bundle-unreadable = Tệp này không phải gói chứng cứ đọc được: { $detail }
    .hint = Dùng tệp do loa export ghi, hoặc thư mục của đài.
bundle-members = Gói có { $found } tệp, quá mức { $most }.
bundle-large = Gói bung ra { $found } byte, quá mức { $most }.
bundle-duplicate = Trong gói có hai tệp cùng tên, nên mỗi chương trình có thể đọc một kiểu.
bundle-name = Trong gói có tên tệp không được phép: `{ $file }`.
bundle-key = `{ $file }` trong gói không phải khóa công khai.
verb-enter = Ghi một lượt phát làm bằng cách khác khi máy không phát được, do một người ký xác nhận
verb-enter-more = Lượt này đứng riêng, được đánh dấu là do người xác nhận, và không thay kết quả mà máy đã ghi. Khóa ký phải có trong operators hoặc approvers ở phần [trust] của config/station.toml.
verb-retain = Giữ nguyên mọi thứ thuộc về một khoảng ngày (thanh tra, khiếu nại), bỏ giữ, hoặc xem đang giữ gì
verb-retain-more = Không ghi gì thì liệt kê mọi lần giữ. Trong thời gian giữ, không tệp nào của các tháng đó bị xóa.
verb-prune = Xóa tệp âm thanh đã hết thời hạn lưu, sau khi ghi mã băm của nó vào nhật ký
verb-prune-more = Thời hạn ở phần [retention] của config/station.toml. Không xóa tệp còn cần, tệp đang bị giữ, tệp mà chưa lịch nào nhắc tới. Nhật ký không bao giờ bị xóa.
verb-key = Khóa ký của một người
verb-key-new = Tạo khóa ký mới, chỉ chủ tệp đọc được, và in khóa công khai
arg-at = Bắt đầu lúc: 17:30, 2022-03-05 17:30 hoặc RFC 3339
arg-until = Kết thúc lúc
arg-enter-slot = Lượt phát mà lượt này làm thay, nếu có
arg-enter-outcome = Phát đủ (full) hay một phần (partial), theo lời người xác nhận
arg-enter-text = Phát bằng cách nào
arg-enter-key = Tệp khóa ký của người xác nhận (loa key new)
arg-retain-from = Từ ngày này (tính cả ngày đó), ví dụ 2022-03-01
arg-retain-to = Đến hết ngày này
arg-lift = Bỏ lần giữ đã ghi ở mục số này
arg-dry-run = Chỉ cho biết sẽ xóa gì
arg-name = Tên của khóa, không dấu cách, ví dụ nguyen-van-a
arg-file = Tệp mới để cất khóa

entry-unknown = Nhật ký chưa có mục { $entry }; mục cuối là { $last }.
    .hint = Xem số thứ tự của mục bằng loa log --json.
slot-unknown = Không có lượt phát nào tên `{ $slot }`, cả trong nhật ký lẫn trong lịch.
    .hint = Chép đúng tên lượt phát từ loa log hoặc loa check.
enter-done = Đã ghi lượt phát do người xác nhận, mục số { $entry }.
enter-reversed = Giờ kết thúc của lượt phát phải sau giờ bắt đầu.
    .hint = Sửa --at hoặc --until.
enter-future = Lượt phát này chưa kết thúc nên chưa thể xác nhận.
    .hint = Chỉ xác nhận những gì đã phát xong.
enter-other-slot = `{ $slot }` là lượt của tháng khác hoặc chương trình khác.
    .hint = Ghi đúng tháng và chương trình của lượt đó.
enter-full = Máy đã phát đủ `{ $slot }`; không cần ai xác nhận thay.
    .hint = Nếu có điều cần nói, dùng loa note.
enter-overlap = Mục { $entry } đã ghi một lượt phát của chương trình này trùng khoảng giờ đó.
    .hint = Xem loa log; nếu mục cũ sai, đính chính bằng loa correct.
enter-value = Không ký được `{ $value }`: phải là một dòng chữ, không có dấu cách ở đầu và cuối.
    .hint = Viết lại thành một dòng.
enter-untrusted = Lời xác nhận không do khóa nào mà đài này tin cậy ký.
    .hint = Ghi khóa công khai của người đó vào operators ở phần [trust] của config/station.toml.
enter-statement = Nội dung được ký không khớp với lượt phát được ghi.
    .hint = Ghi lại bằng loa enter ngay tại đài này.
retain-done = Đã giữ, mục số { $entry }.
retain-lifted = Đã bỏ giữ, mục số { $entry }.
retain-unknown = Mục { $entry } không phải là một lần giữ.
    .hint = Xem các lần giữ bằng loa retain.
retain-lifted-already = Đã bỏ giữ rồi, ở mục { $entry }.
    .hint = Xem các lần giữ bằng loa retain.
retain-none = Chưa có lần giữ nào.
retain-in-force = đang giữ
retain-lifted-by = { $by } đã bỏ giữ: { $reason }
head-entry = Mục
head-days = Từ ngày – đến ngày
head-by = Người
head-why = Lý do
head-state = Tình trạng
prune-gone = đã xóa { $file } ({ $bytes } byte, tháng cuối cùng dùng tới: { $month })
prune-would = sẽ xóa { $file } ({ $bytes } byte, tháng cuối cùng dùng tới: { $month })
prune-held = giữ lại { $file }, theo mục { $entry }
prune-done = Đã xóa { $count } tệp hết thời hạn; giữ âm thanh từ tháng { $from }.
prune-dry-done = { $count } tệp hết thời hạn; giữ âm thanh từ tháng { $from }. Chưa xóa gì.
prune-left = Còn { $count } tệp nữa, lần sau sẽ xóa tiếp.
prune-unwritten = Còn mục chưa ghi được vào nhật ký vì đĩa; chưa xóa gì.
    .hint = Giải phóng đĩa rồi thử lại.
prune-running = Việc xóa đang được thực hiện, chưa thể bắt đầu lần khác.
    .hint = Chờ xong rồi xem lại.
prune-unreadable = Không đọc được một lịch của `{ $file }`, nên chưa biết tệp nào còn cần; không xóa gì.
    .hint = Chạy loa check rồi sửa lịch trong thư mục.
key-new-done =
    Đã tạo { $file }; giữ riêng, không đưa cho ai.
    Khóa công khai (ghi vào operators hoặc approvers ở phần [trust]): { $key }
key-exists = Đã có `{ $file }`.
    .hint = Ghi tên tệp khác; không bao giờ ghi đè lên một khóa.
key-name = `{ $name }` không dùng làm tên khóa được.
    .hint = Dùng tên không có dấu cách và dấu `+`, ví dụ nguyen-van-a.
by-hand = người xác nhận
log-urgent = khẩn cấp
epoch-hold = Nhật ký kỳ trước không đọc được nên không biết các lệnh giữ lại còn hiệu lực: giữ lại tất cả cho đến khi có người bỏ.

verb-wake = In giờ (giây từ 1970) máy phải được bật cho lượt phát kế tiếp, để hẹn giờ bật máy
verb-wake-more = 15 phút trước lượt phát hoặc lượt phát bù sớm nhất. config/loa-wake.timer đặt giờ này vào đồng hồ phần cứng bằng rtcwake. Không có lượt nào thì kết thúc bằng mã 1.
wake-nothing = Không có lượt phát nào sắp tới, không cần hẹn giờ bật máy.
doctor-flush = Ghi chắc xuống đĩa
doctor-rtc = Đồng hồ phần cứng
doctor-autostart = Tự khởi động
doctor-power = Tự bật máy
doctor-next = Lượt phát kế tiếp
doctor-data-open = { $mode } { $file }: người khác ghi được vào đây; chạy: chmod go-w { $file }
doctor-flush-good = một lần ghi nhỏ chắc xuống đĩa mất { $ms } ms
doctor-flush-fast = một lần ghi chỉ mất { $ms } ms, nhanh hơn mức một ổ đĩa thật sự ghi: mất điện có thể mất các mục cuối. Tắt bộ nhớ đệm ghi của ổ (hdparm -W0) hoặc dùng ổ khác
doctor-flush-slow = một lần ghi mất { $ms } ms, quá chậm: kiểm tra hoặc thay ổ đĩa
doctor-flush-memory = thư mục data nằm trong bộ nhớ (tmpfs), mất điện là mất nhật ký: chuyển thư mục của đài sang ổ đĩa
doctor-flush-mount = hệ tệp gắn với tùy chọn { $option }, mất điện có thể hỏng nhật ký: bỏ tùy chọn này trong /etc/fstab
doctor-rtc-good = khớp với giờ của máy (lệch { $s } giây)
doctor-rtc-off = lệch { $s } giây so với giờ của máy; khi giờ của máy đã đúng, chạy: hwclock --systohc --utc
doctor-rtc-dead = chỉ { $shows }, lệch { $s } giây: có lẽ pin CMOS đã hết. Thay pin (CR2032) rồi chạy: hwclock --systohc --utc
doctor-rtc-none = không thấy: sau khi mất điện, giờ chỉ đúng khi có mạng; nếu không có mạng phải xác nhận bằng loa clock confirm
doctor-autostart-on = { $unit } khởi động loa ở { $folder }
doctor-autostart-elsewhere = { $unit } khởi động loa ở thư mục khác, không phải { $folder }: sửa ExecStart của nó
doctor-autostart-off = không dịch vụ systemd nào khởi động loa ở { $folder } sau khi mất điện; chép config/loa.service vào /etc/systemd/system/ rồi chạy: systemctl enable --now loa
doctor-power-wakes = đồng hồ phần cứng sẽ bật máy lúc { $at }; trong BIOS vẫn phải đặt "Restore on AC Power Loss" là "Power On"
doctor-power-unset = chưa hẹn giờ bật máy trước lượt kế tiếp; chạy: systemctl enable --now loa-wake.timer. Trong BIOS đặt "Restore on AC Power Loss" là "Power On", rồi rút điện thử một lần
doctor-power-cannot = máy này không hẹn giờ bật được: để máy bật suốt. Trong BIOS đặt "Restore on AC Power Loss" là "Power On", rồi rút điện thử một lần
doctor-next-ready = { $slot }, còn { $days } ngày { $time }, đã duyệt
doctor-next-not = { $slot }, còn { $days } ngày { $time }, sẽ không phát: { $why } Xem: loa check
doctor-next-unread = { $file }: { $why } Xem: loa check
doctor-next-none = tháng này và tháng sau không có lượt phát nào sắp tới: đặt lịch vào schedules/ rồi duyệt (loa approve)
act-done = Đã ghi vào nhật ký (mục { $entry }).
look-done = Đang xem lại các tệp lịch.

# Người dùng các trang
people-unreadable = Không đọc được danh sách người dùng `{ $file }`: { $detail }.
    .hint = Khôi phục tệp từ bản sao lưu, hoặc chuyển tệp đi chỗ khác rồi lập lại người quản trị đầu tiên theo đường dẫn mà loa in ra khi khởi động.
person-id = `{ $found }` không dùng làm tên đăng nhập được.
    .hint = Dùng chữ thường không dấu, chữ số, `-` và `.`; không quá 40 ký tự.
person-twice = Đã có người đăng nhập bằng tên `{ $id }`.
    .hint = Chọn tên đăng nhập khác.
person-name = Họ tên để trống, quá dài hoặc có ký tự ẩn.
    .hint = Ghi họ tên đầy đủ như trong văn bản.
person-no-role = Chưa chọn vai trò nào.
    .hint = Chọn ít nhất một vai trò.
person-changed = Người có tên đăng nhập `{ $id }` vừa được người khác thay đổi.
    .hint = Xem lại thông tin hiện tại rồi sửa nếu vẫn cần.
person-last-admin = Đây là người quản trị cuối cùng.
    .hint = Giao vai trò quản trị cho một người khác trước.
person-unknown = Không có ai đăng nhập bằng tên `{ $id }`.
password-short = Mật khẩu ngắn hơn { $least } ký tự.
    .hint = Một câu dễ nhớ gồm vài từ là mật khẩu tốt.
password-same = Mật khẩu mới trùng với mật khẩu cũ.
    .hint = Chọn mật khẩu khác.

# Bản đang soạn của một tháng
draft-conflict = Trong lúc bạn làm việc, { $by } đã lưu một thay đổi khác; thay đổi của bạn chưa được lưu.
    .hint = Xem bản mới dưới đây rồi làm lại thay đổi của mình.
draft-changed = Bản này đã thay đổi sau khi bạn mở trang.
    .hint = Xem lại bản mới rồi quyết định.
draft-approved = Bản của tháng { $month } đã được duyệt và sẽ phát, nên không trả lại được.
    .hint = Sửa tháng thành bản mới rồi duyệt lại, hoặc hủy từng lượt phát.
draft-by-hand = Tệp `{ $file }` được viết tay; lưu ở đây sẽ bỏ chú thích và cách trình bày của nó.
    .hint = Đồng ý soạn tiếp trên trang rồi lưu lại; bản cũ được giữ bên cạnh với đuôi `.bak`.
edit-gone = Phần cần sửa không còn nữa.
    .hint = Xem lại trang rồi làm lại.
edit-cron = Quy tắc lặp chỉ bỏ được cả quy tắc.
    .hint = Bỏ cả quy tắc rồi thêm từng lượt cần giữ.

verb-user = Người dùng các trang: thêm, xem, sửa, cấp lại mật khẩu
verb-user-add = Thêm một người và in mật khẩu ban đầu, phải đổi khi đăng nhập lần đầu
verb-user-list = Liệt kê mọi người với vai trò và tình trạng
verb-user-reset = Cấp lại mật khẩu ban đầu; các phiên đang đăng nhập của người đó kết thúc
verb-user-change = Sửa họ tên, vai trò; đóng hoặc mở lại một người
arg-id = Tên đăng nhập: chữ thường không dấu, chữ số, dấu gạch ngang và dấu chấm
arg-user-add-name = Họ và tên, như sẽ ghi trong nhật ký và phê duyệt
arg-user-change-name = Họ và tên mới
arg-user-add-roles = Vai trò: editor, approver, operator, auditor, admin; có thể nêu nhiều lần
arg-user-change-roles = Thay toàn bộ vai trò bằng những vai trò này; có thể nêu nhiều lần
arg-password-stdin = Đọc mật khẩu riêng từ đầu vào chuẩn, không phải đổi (dùng cho tập lệnh)
arg-close = Người này không đăng nhập được nữa
arg-open = Người này lại đăng nhập được
user-none = Chưa có ai. Thêm người quản trị: loa user add TÊN --name "HỌ TÊN" --role admin
user-done = Đã ghi thay đổi của { $id } ({ $name }).
user-first-password =
    Mật khẩu ban đầu của { $id } ({ $name }): { $password }
    Chỉ hiện một lần; phải đổi khi đăng nhập lần đầu.
trail-unreadable = Không đọc được `{ $file }` ghi những người đã soạn tháng này: { $detail }
    .hint = Xóa tệp ấy rồi lưu lại tháng trên trang, để người soạn được ghi lại.
user-not-entered = Chưa ghi được vào nhật ký nên không thay đổi gì.
user-open = Đang dùng
user-closed = Đã đóng
user-must-change = Chưa đổi mật khẩu ban đầu
head-id = Tên đăng nhập
head-name = Họ và tên
head-roles = Vai trò
role-editor = Biên tập
role-approver = Lãnh đạo duyệt
role-operator = Trực máy
role-auditor = Giám sát
role-admin = Quản trị
tone-heard = Thiết bị { $device } đã phát hết âm thử 1 giây. Hãy hỏi người ở chỗ loa xem có nghe thấy không.
tone-failed = Thiết bị { $device } không phát được âm thử ({ $fault }): { $detail }
tone-quiet-hours = Ngoài khung giờ phát, loa không được kêu, kể cả để thử.
restart-done = Đài kết thúc có trật tự rồi khởi động lại với cấu hình mới.
settings-changed = Tệp cấu hình vừa được sửa ở nơi khác.
    .hint = Xem lại các giá trị hiện tại rồi sửa lại.
